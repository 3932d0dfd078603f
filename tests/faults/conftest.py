"""Worlds in databases that other processes can open too, and server processes that tests of this folder share."""

from collections.abc import AsyncIterator, Iterator

import pytest

from evergrant.store.open import open_store
from tests.support.postgres import PostgresServer
from tests.support.server import Server
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


@pytest.fixture(scope="session")
def server_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    """The one server process of a SQLite file: leave it running."""
    server = Server(tmp_path_factory.mktemp("one") / "data")
    server.start()
    yield [server]
    server.kill()


@pytest.fixture(scope="session")
def servers_on_postgresql(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[list[Server]]:
    """Two server processes of one database and one data folder, and so of one master key: leave them running."""
    folder = tmp_path_factory.mktemp("two") / "data"
    settings = {"EVERGRANT_DATABASE__URL": postgres.new_database()}
    alone = ("--workers", "1")
    servers = [Server(folder, settings, alone), Server(folder, settings, alone)]
    for server in servers:
        server.start()
    yield servers
    for server in servers:
        server.kill()


@pytest.fixture(params=["sqlite: one server", "postgresql: two servers"])
def servers(request: pytest.FixtureRequest) -> list[Server]:
    """All server processes of one database."""
    found: list[Server] = request.getfixturevalue(
        "server_on_sqlite" if request.param.startswith("sqlite") else "servers_on_postgresql"
    )
    return found
