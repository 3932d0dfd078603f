"""Servers for the tests over HTTP: one on SQLite and one on PostgreSQL a worker, shared by all files."""

from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from tests.protocol.program import Program
from tests.protocol.registry import User
from tests.protocol.served import Served
from tests.protocol.served import served as serving
from tests.support.postgres import PostgresServer

ON_BOTH = pytest.mark.parametrize("served", ["on_sqlite", "on_postgresql"], indirect=True)


class NewProgram(Protocol):
    """Registers one more client; `fields` as `Registry.client` takes them."""

    def __call__(self, **fields: Any) -> Program: ...


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on SQLite."""
    with serving(tmp_path_factory.mktemp("sqlite")) as found:
        yield found


@pytest.fixture(scope="session")
def on_postgresql(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Served]:
    """A server on PostgreSQL."""
    url = postgres.new_database()
    with serving(tmp_path_factory.mktemp("postgresql"), database={"url": url}) as found:
        yield found
    postgres.drop_database(url)


@pytest.fixture
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """The shared server; on both databases in files that say so (`pytestmark = ON_BOTH`). Its clock is set back.

    Whatever a test sends, no request may end in a bug.
    """
    found: Served = request.getfixturevalue(getattr(request, "param", "on_sqlite"))
    before = len(found.log.getvalue())
    yield found
    said = found.log.getvalue()[before:]
    assert '"event": "bug"' not in said, said
    assert "Traceback" not in said, said
    if found.clock.reset():
        # The server meets the earlier time here. If the next test moved it on first, what the server last checked
        # would seem to be of a moment ago.
        found.http.get("/.well-known/openid-configuration")
        found.http.get("/jwks")


@pytest.fixture
def user(served: Served) -> User:
    """Somebody with claims and a role."""
    return served.registry.user(
        roles=("reader",), claims={"name": "Ada", "email": "ada@example.com", "email_verified": True}
    )


@pytest.fixture
def web(served: Served) -> Program:
    """A confidential client with every grant but the password's."""
    return Program(served, served.registry.client())


@pytest.fixture
def spa(served: Served) -> Program:
    """A public client."""
    return Program(served, served.registry.client(public=True))


@pytest.fixture
def new_program(served: Served) -> NewProgram:
    """`new_program(public=True, scope="read")`."""
    return lambda **fields: Program(served, served.registry.client(**fields))
