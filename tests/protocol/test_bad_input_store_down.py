"""A store that cannot be reached is 503 and a second try, never `invalid_grant`: clients drop their tokens on that.

S-047; design: "Infrastructure trouble is never `invalid_grant`".
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import create_engine, text

from evergrant.store.sql import sqlite
from tests.protocol.person import Person
from tests.protocol.program import Program, verifier
from tests.protocol.served import SECOND, Served, body, error
from tests.protocol.served import served as serving
from tests.support.postgres import PostgresServer
from tests.support.waiting import until

Outage = Callable[[], AbstractContextManager[None]]


@pytest.fixture(params=["sqlite: the tables are gone", "sqlite: somebody else writes", "postgresql: stopped"])
def outage(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Served, Outage]]:
    """A server of its own, and how its store goes away for a while."""
    if request.param.startswith("postgresql"):
        postgres: PostgresServer = request.getfixturevalue("private_postgres")
        with serving(tmp_path, database={"url": postgres.new_database()}) as server:
            yield server, lambda: stopped(postgres)
        return
    monkeypatch.setattr(sqlite, "BUSY_S", 0.3)
    with serving(tmp_path) as server:
        yield server, lambda: hidden(server) if "gone" in request.param else locked(server)


@contextmanager
def stopped(postgres: PostgresServer) -> Iterator[None]:
    postgres.stop()
    yield
    postgres.start()


@contextmanager
def hidden(server: Served) -> Iterator[None]:
    """What a wrong restore or a full disk looks like from inside."""
    engine = create_engine(server.settings.database_url.reveal(), module=sqlite.driver())
    names = ("grants", "realms", "sessions")
    with engine.begin() as connection:
        for name in names:
            connection.execute(text(f"ALTER TABLE {name} RENAME TO hidden_{name}"))
    yield
    with engine.begin() as connection:
        for name in names:
            connection.execute(text(f"ALTER TABLE hidden_{name} RENAME TO {name}"))
    engine.dispose()


@contextmanager
def locked(server: Served) -> Iterator[None]:
    """Somebody holds the one write lock: asking works, committing does not."""
    # The server's own driver: a second copy of SQLite in one process would not see the first one's locks.
    engine = create_engine(server.settings.database_url.reveal(), module=sqlite.driver())
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield
        connection.exec_driver_sql("ROLLBACK")
    engine.dispose()


def unavailable(answer: httpx2.Response) -> bool:
    """503 in the form of every error, with an id and a short wait, and nothing of the inside."""
    assert error(answer) == (503, "temporarily_unavailable"), answer.text
    assert 1 <= int(answer.headers["retry-after"]) <= 5
    assert body(answer)["correlation_id"] == answer.headers["x-correlation-id"]
    assert answer.headers["cache-control"] == "no-store"
    assert body(answer).keys() == {"error", "error_description", "correlation_id"}
    return not any(word in answer.text.lower() for word in ("sql", "postgres", "host", "table", "locked", "psycopg"))


def test_nothing_is_lost_while_the_store_is_away(outage: tuple[Served, Outage]) -> None:
    server, away = outage
    program, user = Program(server, server.registry.client()), server.registry.user()
    tokens, code = program.sign_in(user), program.ask(user)
    spent = program.sign_in(user)["refresh_token"]
    newest = program.renewed(spent)["refresh_token"]
    before = server.registry.rows("attempts")

    with away():
        server.clock.advance(SECOND)
        assert unavailable(program.refresh(tokens["refresh_token"]))
        assert unavailable(program.exchange(code))
        assert unavailable(program.revoke(tokens["refresh_token"]))
        server.clock.advance(61 * SECOND)
        assert unavailable(program.refresh(spent))
        server.clock.advance(-61 * SECOND)
        assert server.http.get("/healthz").status_code == 200
        assert_no_secret_was_logged(server)

    recovered(server)
    assert server.registry.rows("attempts") == before
    assert program.refresh(tokens["refresh_token"]).status_code == 200
    assert program.exchange(code).status_code == 200
    assert program.refresh(newest).status_code == 200


@pytest.mark.parametrize("outage", ["sqlite: the tables are gone", "postgresql: stopped"], indirect=True)
def test_every_door_says_the_same_when_nothing_can_be_asked(outage: tuple[Served, Outage]) -> None:
    server, away = outage
    program, user = Program(server, server.registry.client()), server.registry.user()
    tokens = program.sign_in(user)

    with away():
        server.clock.advance(SECOND)
        assert unavailable(program.refresh(tokens["refresh_token"]))
        assert unavailable(program.token(grant_type="client_credentials"))
        assert unavailable(program.post("/introspect", {"token": tokens["access_token"]}))
        assert unavailable(program.userinfo(tokens["access_token"]))
        assert unavailable(server.http.post("/realms/unknown/token", data={"grant_type": "x"}))
        ready = server.http.get("/readyz")
        assert (ready.status_code, body(ready)["status"]) == (503, "not ready")
        assert int(ready.headers["retry-after"]) <= 5

    recovered(server)
    assert program.introspect(tokens["access_token"])["active"] is True


@pytest.mark.parametrize("outage", ["sqlite: the tables are gone", "postgresql: stopped"], indirect=True)
def test_who_verifies_tokens_goes_on_while_the_store_is_away(outage: tuple[Served, Outage]) -> None:
    """Keys that were ours a minute ago are still right to verify with; nobody signs with them meanwhile."""
    server, away = outage
    program, user = Program(server, server.registry.client()), server.registry.user()
    token = program.sign_in(user)["refresh_token"]
    documents = ("/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
    before = [server.http.get(path).json() for path in documents]

    with away():
        server.clock.advance(10 * 60 * SECOND)
        answers = [server.http.get(path) for path in documents]
        assert unavailable(program.refresh(token))
        server.clock.advance(-10 * 60 * SECOND)

    assert [answer.status_code for answer in answers] == [200] * 3
    assert [answer.json() for answer in answers] == before
    recovered(server)


@pytest.mark.parametrize("outage", ["postgresql: stopped"], indirect=True)
def test_a_person_is_shown_a_page_and_may_go_on_later(outage: tuple[Served, Outage]) -> None:
    server, away = outage
    program, user = Program(server, server.registry.client()), server.registry.user()
    with Person(server.url, user.username, user.password) as person:
        person.http.get(program.authorization_url(verifier()))
        with away():
            server.clock.advance(SECOND)
            page = person.http.get(program.authorization_url(verifier()))
            assert page.status_code == 503
            assert page.headers["content-type"].startswith("text/html")
            assert int(page.headers["retry-after"]) <= 5
            assert page.headers["x-correlation-id"] in page.text

        recovered(server)
        landing = person.visit(program.authorization_url(verifier()), program.client.redirect_uri)
        assert "code" in landing.parameters


def recovered(server: Served) -> None:
    until(lambda: server.http.get("/readyz").status_code == 200, what="the server found its store again")


def assert_no_secret_was_logged(server: Served) -> None:
    said = server.log.getvalue()
    assert '"event": "bug"' not in said
    assert "Traceback" not in said
    assert "eg_rt_" not in said
