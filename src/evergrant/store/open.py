"""From a URL to a store."""

from typing import assert_never

from evergrant.core.durability import Durability
from evergrant.core.ports.store import Store
from evergrant.store.locations import InMemory, PostgresDatabase, SqliteFile, locate


def open_store(url: str, batches: int = 1, renewals: Durability = "replicated") -> Store:
    """The store at `memory://`, `sqlite:///path` or `postgresql://…`. Raises ValueError for other URLs.

    `batches`: how many batches of renewals may be under way at once on PostgreSQL; SQLite has one writer.
    `renewals`: what a renewal waits for on PostgreSQL.
    Nothing is asked of the database yet. Its schema has to be at head: see `evergrant.store.upgrade`.
    """
    # Imported late: who serves from memory or asks for help does not wait for drivers.
    match locate(url):
        case InMemory():
            from evergrant.store.memory import MemoryStore

            return MemoryStore()
        case SqliteFile(path):
            from evergrant.store.sql.sqlite import SqliteRunner, prepare
            from evergrant.store.sql.store import SqlStore

            prepare(path)
            return SqlStore(SqliteRunner(path))
        case PostgresDatabase(parsed):
            from evergrant.store.sql.postgres import PostgresRunner
            from evergrant.store.sql.store import SqlStore

            return SqlStore(PostgresRunner(parsed, in_flight=batches, renewals=renewals))
        case never:
            assert_never(never)
