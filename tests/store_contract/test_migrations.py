"""From an empty database to head and back, on both; the migrated schema is the one that the statements are made of."""

import multiprocessing
import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text

from evergrant.core.ports.reader import StoreUnavailable
from evergrant.store import schema
from evergrant.store.open import open_store
from evergrant.store.upgrade import UnknownSchema, check, downgrade, upgrade
from tests.support.postgres import PostgresServer

EMPTY = "The database has no schema yet: run `evergrant db upgrade`."


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/evergrant.db"
    postgres: PostgresServer = request.getfixturevalue("postgres")
    return postgres.new_database()


def engine(url: str) -> Engine:
    return create_engine(url)


def description(connection: Connection) -> list[str]:
    """Everything about the tables that the database itself can tell, sorted."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"))
        found = [re.sub(r'[\s"]+', " ", row.sql) for row in rows]
    else:
        rows = connection.execute(
            text(
                "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' ||"
                " coalesce(column_default, '') FROM information_schema.columns WHERE table_schema = 'public'"
                " UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
                " UNION ALL SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
                "  WHERE connamespace = 'public'::regnamespace"
                " UNION ALL SELECT relname || ' ' || coalesce(reloptions::text, '') FROM pg_class"
                "  WHERE relnamespace = 'public'::regnamespace"
            )
        )
        found = [row[0] for row in rows]
    return sorted(line for line in found if "alembic_version" not in line)


def test_a_migrated_database_is_what_the_metadata_says(empty_url: str) -> None:
    made = engine(empty_url)
    with made.begin() as connection:
        schema.metadata.create_all(connection)
        wanted = description(connection)
        schema.metadata.drop_all(connection)
    upgrade(empty_url)
    with made.begin() as connection:
        assert description(connection) == wanted
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    made.dispose()


def test_the_constants_name_the_revisions_there_are() -> None:
    script = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    assert script.get_heads() == [schema.HEAD]
    assert [found.revision for found in script.walk_revisions()] == list(reversed(schema.REVISIONS))


async def test_an_empty_database_comes_to_head_and_back(empty_url: str) -> None:
    assert check(empty_url) != "head"
    upgrade(empty_url)
    assert check(empty_url) == "head"
    store = open_store(empty_url)
    assert (await store.health()).schema == "head"
    await store.close()
    downgrade(empty_url, "base")
    assert check(empty_url) == EMPTY
    made = engine(empty_url)
    with made.begin() as connection:
        left = [line for line in description(connection) if "PRIMARY" not in line]
    made.dispose()
    assert left == []
    upgrade(empty_url)
    assert check(empty_url) == "head"


def test_an_upgrade_at_head_changes_nothing(empty_url: str) -> None:
    upgrade(empty_url)
    made = engine(empty_url)
    with made.begin() as connection:
        connection.execute(
            text("INSERT INTO claims (realm, kind, claim, expires_at) VALUES ('r', 'k', 'c', 1)")
            if connection.dialect.name == "postgresql"
            else text("INSERT INTO claims (realm, kind, claim, expires_at) VALUES ('r', 'k', x'63', 1)")
        )
    upgrade(empty_url)
    with made.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM claims")).scalar_one() == 1
    made.dispose()


def test_nobody_asks_a_missing_database_into_being(tmp_path: Path) -> None:
    assert check(f"sqlite:///{tmp_path}/x.db") == "There is no database yet: run `evergrant db upgrade`."
    assert list(tmp_path.iterdir()) == []


def test_a_schema_from_the_future_is_refused_and_left_alone(empty_url: str) -> None:
    """R-066: an old program must not run on what it does not know."""
    upgrade(empty_url)
    made = engine(empty_url)
    with made.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        before = description(connection)
    assert "9999, which this program does not know" in check(empty_url)
    with pytest.raises(UnknownSchema, match="9999, which this program does not know"):
        upgrade(empty_url)
    with pytest.raises(UnknownSchema):
        downgrade(empty_url, "base")
    with made.begin() as connection:
        assert description(connection) == before
    made.dispose()


def test_an_upgrade_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    made = engine(empty_url)
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE grants (id INTEGER)"))
        before = description(connection)
    with pytest.raises(StoreUnavailable):
        upgrade(empty_url)
    with made.begin() as connection:
        assert description(connection) == before
    assert check(empty_url) == EMPTY
    made.dispose()


def test_many_that_start_at_once_set_it_up_once(empty_url: str) -> None:
    """Four processes, as four servers would be started by one command."""
    spawned = multiprocessing.get_context("spawn")
    processes = [spawned.Process(target=upgrade, args=(empty_url,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert check(empty_url) == "head"
