"""Databases at head: one of each kind for a whole run, in which every test has a realm of its own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evergrant.core.ports.store import Store
from evergrant.store.memory import MemoryStore
from evergrant.store.open import open_store
from evergrant.store.upgrade import upgrade
from tests.support import run
from tests.support.postgres import PostgresServer

OpenStore = Callable[[], Store]
"""Opens the same database again and again: what a restart does."""


class KeptMemory(MemoryStore):
    """Memory that outlives a restart of the server, as a database does."""

    async def close(self) -> None:
        """Keep everything."""


KINDS = ("memory", "sqlite", "postgresql")


@pytest.fixture(scope="session")
def sqlite_at_head() -> Path:
    """An empty SQLite database at head, to be copied."""
    path = run.folder() / "at-head.db"
    with run.only_one("sqlite-at-head"):
        if not path.exists():
            upgrade(f"sqlite:///{path}.new")
            Path(f"{path}.new").rename(path)
    return path


@pytest.fixture(scope="session")
def shared_sqlite_url(sqlite_at_head: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A SQLite database for this worker's tests."""
    return f"sqlite:///{shutil.copy(sqlite_at_head, tmp_path_factory.mktemp('shared') / 'evergrant.db')}"


@pytest.fixture(scope="session")
def shared_postgresql_url(postgres: PostgresServer) -> str:
    """A PostgreSQL database for this worker's tests."""
    return postgres.new_database_like("evergrant-at-head", upgrade)


def opener(kind: str, request: pytest.FixtureRequest) -> OpenStore:
    """How to open the worker's database of that kind."""
    if kind == "memory":
        only = KeptMemory()
        return lambda: only
    url: str = request.getfixturevalue(f"shared_{kind}_url")
    return lambda: open_store(url)
