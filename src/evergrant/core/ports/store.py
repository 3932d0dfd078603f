"""A whole store, as wiring sees it: realms, and for each of them a Reader and a Ledger."""

from typing import Protocol

from evergrant.core.ports.ledger import Ledger, RealmLedger
from evergrant.core.ports.reader import Reader, RealmReader
from evergrant.protocol.values import RealmId


class RealmStore(Reader, Ledger, Protocol):
    """Questions and verbs of one realm."""


class Store(RealmReader, RealmLedger, Protocol):
    """All realms of one database."""

    def realm_store(self, realm: RealmId, /) -> RealmStore:
        """Handed a realm at construction, so that no query can forget it."""
        ...

    async def close(self) -> None: ...
