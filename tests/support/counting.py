"""A real store that writes down what it is asked."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from evergrant.core.facts import Realm
from evergrant.core.ports.ledger import Done, Taken
from evergrant.core.ports.reader import StoreHealth
from evergrant.core.ports.store import RealmStore, Store
from evergrant.protocol.values import RealmId


class _CountingRealm:
    """One realm's questions and verbs."""

    def __init__(self, store: RealmStore, asked: list[str]) -> None:
        self._store = store
        self._asked = asked

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:  # as the verb itself has them
        self._asked.append(name)
        return cast(Callable[..., Awaitable[Any]], getattr(self._store, name))


class CountingStore:
    """`asked`: every question and verb, in order."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: list[str] = []

    def realm_store(self, realm: RealmId, /) -> RealmStore:
        return cast(RealmStore, _CountingRealm(self._store.realm_store(realm), self.asked))

    async def create_realm(self, realm: Realm, /) -> Done | Taken:
        self.asked.append("create_realm")
        return await self._store.create_realm(realm)

    async def realms(self) -> tuple[Realm, ...]:
        self.asked.append("realms")
        return await self._store.realms()

    async def health(self) -> StoreHealth:
        self.asked.append("health")
        return await self._store.health()

    async def close(self) -> None:
        await self._store.close()
