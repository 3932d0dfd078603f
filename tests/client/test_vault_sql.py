"""A vault in a database: what the database does to it, and what it does to the application beside it."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text

from evergrant.client.errors import VaultDamaged, VaultUnavailable
from evergrant.client.vaults.sql import SESSIONS, SqlVault
from evergrant.testing.vault_contract import MakeVault, a_session
from tests.client.places import opener
from tests.support.ports import free_port
from tests.support.waiting import until

KEY = "https://issuer.example web ada"
THREADS, TURNS = 4, 5


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    """The application's own look at its PostgreSQL."""
    made = create_engine(postgres_url, poolclass=NullPool)
    yield made
    made.dispose()


def save(vault: SqlVault, revision: int = 1, key: str = KEY) -> None:
    with vault.locked(key, 30.0) as drawer:
        drawer.save(a_session(revision))


def take_turns(vault: SqlVault) -> None:
    for _ in range(TURNS):
        with vault.locked(KEY, 30.0) as drawer:
            tokens = drawer.load() or a_session(0)
            drawer.save(replace(tokens, revision=tokens.revision + 1))


def cut_all_others(connection: Connection) -> None:
    """As a restart of the server does, or an administrator."""
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    connection.execute(text(f"{others} AND pid <> pg_backend_pid()"))


def how_many_wait(engine: Engine) -> object:
    """For a lock in this database."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with engine.connect() as connection:
        return connection.execute(text(waiting)).scalar()


def begin_as_documented(engine: Engine) -> Engine:
    """What SQLAlchemy's documentation recommends to those who want SQLite's transactions to be transactions."""

    @event.listens_for(engine, "connect")
    def leave_it_to_us(connection: object, _: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]  # a DB-API connection has no type

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


ENGINES: dict[str, Callable[[pytest.FixtureRequest], Engine]] = {
    "autocommit": lambda request: create_engine(
        request.getfixturevalue("postgres_url"), isolation_level="AUTOCOMMIT", pool_size=THREADS
    ),
    "repeatable read": lambda request: create_engine(
        request.getfixturevalue("postgres_url"), isolation_level="REPEATABLE READ", pool_size=THREADS
    ),
    "sqlite autocommit": lambda request: create_engine(
        f"sqlite:///{request.getfixturevalue('tmp_path')}/app.db", isolation_level="AUTOCOMMIT", poolclass=NullPool
    ),
    "sqlite that begins": lambda request: begin_as_documented(
        create_engine(f"sqlite:///{request.getfixturevalue('tmp_path')}/app.db", poolclass=NullPool)
    ),
}


@pytest.mark.parametrize("kind", ENGINES)
def test_turns_are_taken_however_the_applications_engine_is_set(kind: str, request: pytest.FixtureRequest) -> None:
    engine = ENGINES[kind](request)

    with ThreadPoolExecutor(THREADS) as pool:
        for turn in [pool.submit(take_turns, SqlVault(engine)) for _ in range(THREADS)]:
            turn.result(60.0)

    assert SqlVault(engine).load(KEY) == replace(a_session(0), revision=THREADS * TURNS)
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_many_who_come_first_at_the_same_moment_make_one_table(kind: str, request: pytest.FixtureRequest) -> None:
    make_vault: MakeVault = opener(kind, request)
    together = threading.Barrier(THREADS)

    def come() -> object:
        vault = make_vault()
        together.wait(20.0)
        return vault.load(KEY)

    with ThreadPoolExecutor(THREADS) as pool:
        seen = [pool.submit(come) for _ in range(THREADS)]

    assert [each.result() for each in seen] == [None] * THREADS


def test_who_may_not_make_tables_uses_the_one_that_the_operator_made(postgres_url: str, engine: Engine) -> None:
    save(SqlVault(postgres_url))
    role = f"app_{free_port()}"
    with engine.begin() as operator:
        operator.execute(text(f"CREATE ROLE {role} LOGIN"))
        operator.execute(text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
        operator.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {SESSIONS.name} TO {role}"))
    vault = SqlVault(engine.url.set(username=role))

    save(vault, 2)

    assert vault.load(KEY) == a_session(2)
    with engine.begin() as operator:
        operator.execute(text(f"DROP OWNED BY {role}"))
        operator.execute(text(f"DROP ROLE {role}"))


def test_a_save_is_seen_by_others_when_the_block_ends(postgres_url: str) -> None:
    vault = SqlVault(postgres_url)
    save(vault, 1)

    with vault.locked(KEY, 5.0) as drawer:
        drawer.save(a_session(2))
        meanwhile = vault.load(KEY)

    assert (meanwhile, vault.load(KEY)) == (a_session(1), a_session(2))


def test_a_connection_that_is_cut_before_the_save_is_told(postgres_url: str, engine: Engine) -> None:
    vault = SqlVault(postgres_url)
    save(vault, 1)

    with vault.locked(KEY, 5.0) as drawer:
        with engine.begin() as operator:
            cut_all_others(operator)
        with pytest.raises(VaultUnavailable) as told:
            drawer.save(a_session(2))

    assert "secret-" not in f"{told.value!r} {told.value.__context__!r}"
    assert vault.load(KEY) == a_session(1)


def test_a_connection_that_is_cut_after_the_save_is_told_on_leaving(postgres_url: str, engine: Engine) -> None:
    """Nobody may believe that new tokens are kept when they are not."""
    vault = SqlVault(postgres_url)
    save(vault, 1)
    locked = vault.locked(KEY, 5.0)
    drawer = locked.__enter__()
    drawer.save(a_session(2))
    with engine.begin() as operator:
        cut_all_others(operator)

    with pytest.raises(VaultUnavailable):
        locked.__exit__(None, None, None)

    assert vault.load(KEY) == a_session(1)


def test_a_save_that_a_later_failure_takes_along_is_told_on_leaving(postgres_url: str, engine: Engine) -> None:
    """A transaction in which one statement failed commits nothing, and PostgreSQL does not call that an error."""
    vault = SqlVault(postgres_url)
    save(vault, 1)
    with engine.begin() as operator:
        operator.execute(text(f"ALTER TABLE {SESSIONS.name} ADD CHECK (record NOT LIKE '%refresh-3%')"))
    locked = vault.locked(KEY, 5.0)
    drawer = locked.__enter__()
    drawer.save(a_session(2))

    with pytest.raises(VaultUnavailable, match="23514") as refused:
        drawer.save(a_session(3))
    with pytest.raises(VaultUnavailable, match="is lost"):
        locked.__exit__(None, None, None)

    # PostgreSQL quotes the row that it refuses: nothing of what it said may hang on.
    assert "access_token" not in f"{refused.value!r}"
    assert refused.value.__context__ is None
    assert vault.load(KEY) == a_session(1)


def test_whoever_waits_for_a_session_that_is_ended_gets_its_lock(postgres_url: str, engine: Engine) -> None:
    """Its row is gone then."""
    vault = SqlVault(postgres_url)
    save(vault, 1)
    with ThreadPoolExecutor(THREADS) as pool, vault.locked(KEY, 5.0) as drawer:
        waiting = [pool.submit(take_turns, SqlVault(postgres_url)) for _ in range(THREADS)]
        until(lambda: how_many_wait(engine) == THREADS, what="all others wait for the row")
        drawer.clear()

    for each in waiting:
        each.result()
    left = vault.load(KEY)
    assert left is not None
    assert left.revision == THREADS * TURNS


def test_a_session_that_is_ended_leaves_no_row(postgres_url: str, engine: Engine) -> None:
    vault = SqlVault(postgres_url)
    save(vault)

    with vault.locked(KEY, 5.0) as drawer:
        drawer.clear()

    with engine.connect() as connection:
        assert connection.execute(SESSIONS.select()).all() == []


def test_a_held_session_does_not_keep_an_application_from_writing_to_its_sqlite(tmp_path: Path) -> None:
    """SQLite locks the whole database or nothing, and an issuer may take seconds to answer."""
    url = f"sqlite:///{tmp_path / 'app.db'}?timeout=0.05"
    application = create_engine(url, poolclass=NullPool)
    vault = SqlVault(url)

    with vault.locked(KEY, 5.0) as drawer:
        drawer.save(a_session())
        with application.begin() as connection:
            connection.execute(text("CREATE TABLE orders (id INTEGER)"))

    assert vault.load(KEY) == a_session()


def test_an_application_that_keeps_its_sqlite_to_itself_makes_a_save_fail(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'app.db'}?timeout=0.05"
    vault = SqlVault(url)
    save(vault, 1)

    with create_engine(url, poolclass=NullPool).connect() as application:
        application.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(VaultUnavailable, match="SQLITE_BUSY"):
            save(vault, 2)

    assert vault.load(KEY) == a_session(1)


def test_a_database_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    """It is the application's."""
    file = tmp_path / "app.db"
    file.touch(mode=0o644)

    save(SqlVault(f"sqlite:///{file}"))

    assert file.stat().st_mode & 0o777 == 0o644


def test_a_record_that_is_damaged_is_said_to_be_until_somebody_signs_in_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'app.db'}"
    vault = SqlVault(url)
    save(vault, 1)
    with create_engine(url, poolclass=NullPool).begin() as operator:
        operator.execute(SESSIONS.update().values(record="secret-"))

    with pytest.raises(VaultDamaged, match="signing in again") as damaged:
        vault.load(KEY)

    assert "secret-" not in f"{damaged.value!r} {damaged.value.__context__!r}"
    save(vault, 2)
    assert vault.load(KEY) == a_session(2)


def test_what_sqlalchemy_logs_holds_no_token(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "sqlalchemy")

    save(SqlVault(f"sqlite:///{tmp_path / 'app.db'}"))

    assert "INSERT INTO evergrant_client_sessions" in caplog.text
    assert "secret-" not in caplog.text


def test_a_database_that_is_not_there_is_told_without_its_password() -> None:
    vault = SqlVault(f"postgresql://ada:hunter2@127.0.0.1:{free_port()}/sessions")

    with pytest.raises(VaultUnavailable, match="cannot be reached") as told:
        save(vault)

    assert "hunter2" not in f"{told.value!r} {told.value.__context__!r} {vault!r}"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:sessions?mode=memory&uri=true"])
def test_a_database_whose_sessions_nobody_can_lock_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="knows how to lock"):
        SqlVault(url)
