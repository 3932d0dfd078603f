"""A real store that can be held up, or lose answers, at one verb: what networks and databases do to us."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from evergrant.core.facts import Realm
from evergrant.core.ports.ledger import Done, Taken
from evergrant.core.ports.reader import StoreHealth, StoreUnavailable
from evergrant.core.ports.store import RealmStore, Store
from evergrant.protocol.values import RealmId

Ask = Callable[..., Awaitable[Any]]  # any question or verb of a store
Trouble = Literal["held", "failed", "lost"]


@dataclass(slots=True)
class Held:
    """The next call of a verb waits: `arrived` is set when it does, and it goes on when `release` is called."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _go: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Let it go on."""
        self._go.set()

    async def wait(self) -> None:
        """What the held call does."""
        self.arrived.set()
        await self._go.wait()


@dataclass(slots=True)
class Gate:
    """Which verbs are in trouble. Without any, the store is as it is."""

    _held: dict[str, Held] = field(default_factory=dict)
    _failing: dict[str, Trouble] = field(default_factory=dict)

    def hold(self, verb: str) -> Held:
        """Hold the next call of this verb or question, and only that."""
        self._held[verb] = Held()
        return self._held[verb]

    @contextmanager
    def failing(self, verb: str) -> Iterator[None]:
        """The store is unavailable to this verb; nothing is done."""
        yield from self._in_trouble(verb, "failed")

    @contextmanager
    def losing(self, verb: str) -> Iterator[None]:
        """The verb is carried out, and its outcome is lost."""
        yield from self._in_trouble(verb, "lost")

    def _in_trouble(self, verb: str, trouble: Trouble) -> Iterator[None]:
        self._failing[verb] = trouble
        yield
        del self._failing[verb]

    async def through(self, verb: str, ask: Ask, *args: Any, **kwargs: Any) -> Any:  # as the verb itself has them
        """Call the verb, with the trouble there is."""
        held = self._held.pop(verb, None)
        if held is not None:
            await held.wait()
        trouble = self._failing.get(verb)
        if trouble == "failed":
            raise StoreUnavailable("the test said so")
        outcome = await ask(*args, **kwargs)
        if trouble == "lost":
            raise StoreUnavailable("the test lost the answer")
        return outcome


class _GatedRealm:
    """A realm's store behind a gate."""

    def __init__(self, store: RealmStore, gate: Gate) -> None:
        self._store = store
        self._gate = gate

    def __getattr__(self, name: str) -> Ask:
        ask = cast(Ask, getattr(self._store, name))

        async def gated(*args: Any, **kwargs: Any) -> Any:  # as the verb itself has them
            return await self._gate.through(name, ask, *args, **kwargs)

        return gated


class GatedStore:
    """A store behind a gate."""

    def __init__(self, store: Store, gate: Gate) -> None:
        self.within = store
        self._gate = gate

    def realm_store(self, realm: RealmId, /) -> RealmStore:
        return cast(RealmStore, _GatedRealm(self.within.realm_store(realm), self._gate))

    async def create_realm(self, realm: Realm, /) -> Done | Taken:
        return await self.within.create_realm(realm)

    async def realms(self) -> tuple[Realm, ...]:
        return await self.within.realms()

    async def health(self) -> StoreHealth:
        return await self.within.health()

    async def close(self) -> None:
        await self.within.close()
