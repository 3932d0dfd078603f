"""Worlds on every kind of store."""

from collections.abc import AsyncIterator

import pytest

from tests.support.stores import KINDS, opener
from tests.world import World


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which store: memory, SQLite, PostgreSQL."""
    return str(request.param)


@pytest.fixture
async def world(kind: str, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """A realm of the test's own."""
    made = await World.begin(opener(kind, request))
    yield made
    await made.close()


@pytest.fixture
async def another_world(kind: str, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Another realm, in the same database."""
    made = await World.begin(opener(kind, request))
    yield made
    await made.close()


@pytest.fixture(params=("sqlite", "postgresql"))
async def sql_world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """A realm in a database that has files and statements."""
    made = await World.begin(opener(request.param, request))
    yield made
    await made.close()
