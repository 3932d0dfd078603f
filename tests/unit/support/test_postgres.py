"""The database server of the tests is a real and careful one."""

import psycopg

from tests.support.postgres import PostgresServer


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:"), autocommit=True)


def test_a_commit_is_on_disk_before_it_is_acknowledged(postgres_url: str) -> None:
    with connect(postgres_url) as connection:
        shown = [connection.execute(f"SHOW {name}").fetchone() for name in ("fsync", "synchronous_commit")]

    assert shown == [("on",), ("on",)]


def test_each_test_has_a_database_of_its_own(postgres: PostgresServer, postgres_url: str) -> None:
    with connect(postgres_url) as connection:
        connection.execute("CREATE TABLE mine (id int)")
    other = postgres.new_database()

    with connect(other) as connection:
        row = connection.execute("SELECT to_regclass('mine')").fetchone()

    assert row == (None,)
    postgres.drop_database(other)


def test_a_prepared_database_is_filled_once_and_copied(postgres: PostgresServer) -> None:
    prepared: list[str] = []

    def prepare(url: str) -> None:
        prepared.append(url)
        with connect(url) as connection:
            connection.execute("CREATE TABLE filled (id int)")

    copies = [postgres.new_database_like("filled", prepare) for _ in range(2)]

    for copy in copies:
        with connect(copy) as connection:
            row = connection.execute("SELECT to_regclass('filled')::text").fetchone()
        assert row == ("filled",)
        postgres.drop_database(copy)
    assert (len(prepared), len(set(copies))) == (1, 2)


def test_what_was_committed_outlives_a_crash(private_postgres: PostgresServer) -> None:
    url = private_postgres.new_database()
    with connect(url) as connection:
        connection.execute("CREATE TABLE kept (id int)")

    private_postgres.crash()
    private_postgres.start()

    with connect(url) as connection:
        row = connection.execute("SELECT to_regclass('kept')::text").fetchone()
    assert row == ("kept",)
