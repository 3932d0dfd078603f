"""Worlds in databases that other processes can open too."""

from collections.abc import AsyncIterator

import pytest

from evergrant.store.open import open_store
from tests.world import World


@pytest.fixture(params=("sqlite", "postgresql"))
def url(request: pytest.FixtureRequest) -> str:
    """A database at head."""
    return str(request.getfixturevalue(f"shared_{request.param}_url"))


@pytest.fixture
async def world(url: str) -> AsyncIterator[World]:
    """A realm in it."""
    made = await World.begin(lambda: open_store(url))
    yield made
    await made.close()


@pytest.fixture
async def sqlite_world(shared_sqlite_url: str) -> AsyncIterator[World]:
    """A realm in a SQLite file."""
    made = await World.begin(lambda: open_store(shared_sqlite_url))
    yield made
    await made.close()


@pytest.fixture
async def postgresql_world(shared_postgresql_url: str) -> AsyncIterator[World]:
    """A realm in PostgreSQL."""
    made = await World.begin(lambda: open_store(shared_postgresql_url))
    yield made
    await made.close()
