"""A whole store in memory."""

from evergrant.core.facts import Realm
from evergrant.core.ports.ledger import Done, Taken
from evergrant.core.ports.reader import StoreHealth, StoreUnavailable
from evergrant.protocol.values import RealmId
from evergrant.store.memory.configuration import MemoryConfiguration
from evergrant.store.memory.grants import MemoryGrants
from evergrant.store.memory.reading import MemoryReader
from evergrant.store.memory.signing_in import MemorySignIn
from evergrant.store.memory.tables import Tables


class MemoryRealm(MemoryReader, MemoryGrants, MemorySignIn, MemoryConfiguration):
    """Questions and verbs of one realm."""


class MemoryStore:
    """Forgets everything with the process. Every verb runs without awaiting, so one event loop sees it whole."""

    def __init__(self) -> None:
        self._tables = Tables()

    def realm_store(self, realm: RealmId, /) -> MemoryRealm:
        return MemoryRealm(self._tables, realm)

    async def create_realm(self, realm: Realm, /) -> Done | Taken:
        tables = self._tables.of(realm.id)
        if tables.realm is not None or any(other.name == realm.name for other in await self.realms()):
            return Taken()
        tables.realm = realm
        return Done()

    async def realms(self) -> tuple[Realm, ...]:
        if self._tables.closed:
            raise StoreUnavailable("the store is closed")
        found = [tables.realm for tables in self._tables.realms.values() if tables.realm is not None]
        return tuple(sorted(found, key=lambda realm: realm.name))

    async def health(self) -> StoreHealth:
        if self._tables.closed:
            raise StoreUnavailable("the store is closed")
        return StoreHealth("head", None)

    async def close(self) -> None:
        self._tables.closed = True
