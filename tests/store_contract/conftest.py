"""The same suite on every store: `make_store` opens one on a database of the test's own."""

import shutil
import sqlite3.dbapi2
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from evergrant.core.ports.store import Store
from evergrant.store.memory import MemoryStore
from evergrant.store.open import open_store
from evergrant.store.sql.sqlite import SqliteRunner
from evergrant.store.sql.store import SqlStore
from evergrant.store.upgrade import upgrade
from tests.support.postgres import PostgresServer


@pytest.fixture
def sqlite_path(sqlite_at_head: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sqlite_at_head, tmp_path / "evergrant.db"))


@pytest.fixture
def sqlite_url(sqlite_path: Path) -> str:
    """An empty SQLite database at head."""
    return f"sqlite:///{sqlite_path}"


@pytest.fixture
def postgresql_url(postgres: PostgresServer) -> str:
    """An empty PostgreSQL database at head."""
    return postgres.new_database_like("evergrant-at-head", upgrade)


@pytest.fixture
async def opened() -> AsyncIterator[list[Store]]:
    """Stores to be closed when the test is over."""
    stores: list[Store] = []
    yield stores
    for store in stores:
        await store.close()


def _opener(kind: str, request: pytest.FixtureRequest) -> Callable[[], Store]:
    match kind:
        case "memory":
            only = MemoryStore()
            return lambda: only
        case "old sqlite":
            # Python's own, usually too old for several connections: one connection must do everything.
            single = SqlStore(SqliteRunner(request.getfixturevalue("sqlite_path"), sqlite3.dbapi2))
            return lambda: single
        case _:
            url: str = request.getfixturevalue(f"{kind}_url")
            return lambda: open_store(url)


@pytest.fixture
async def make_store(request: pytest.FixtureRequest, opened: list[Store]) -> Callable[[], Awaitable[Store]]:
    """What the contract asks for, on the kind of store that the test's class is parametrized with."""
    opener = _opener(request.param, request)

    async def make() -> Store:
        store = opener()
        opened.append(store)
        return store

    return make
