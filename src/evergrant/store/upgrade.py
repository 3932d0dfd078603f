"""Bring a database to the newest schema, and say where it is. Safe beside other processes that do the same."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, assert_never

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from evergrant.store.locations import InMemory, PostgresDatabase, SqliteFile, locate
from evergrant.store.schema import HEAD
from evergrant.store.sql import postgres, revisions, sqlite
from evergrant.store.sql.trouble import unavailable

_LOCK: Final = text("SELECT pg_advisory_xact_lock(7310034283826791201)")
"""Any number does, as long as nobody else's program takes the same."""


class UnknownSchema(Exception):
    """The database was upgraded by a newer program. The text is for the operator."""


def upgrade(url: str, revision: str = HEAD) -> None:
    """Bring the database to `revision`, in one transaction; an empty one is set up.

    Raises UnknownSchema, StoreUnavailable, or ValueError for a URL that is none.
    """
    _migrate(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Take the database back to `revision`; `base` drops everything. Raises as `upgrade` does."""
    _migrate(url, lambda config: command.downgrade(config, revision))


def check(url: str) -> str:
    """`head`, or a sentence that says what is wrong and what to do. Raises StoreUnavailable or ValueError."""
    location = locate(url)
    if isinstance(location, InMemory):
        return "head"
    if isinstance(location, SqliteFile) and not location.path.exists():
        return "There is no database yet: run `evergrant db upgrade`."
    with _transaction(_engine(location, "BEGIN")) as connection:
        return revisions.state(connection)


def _migrate(url: str, step: Callable[[Config], None]) -> None:
    location = locate(url)
    if isinstance(location, InMemory):
        return
    if isinstance(location, SqliteFile):
        sqlite.prepare(location.path)
    # Two that start at once must not both set it up: the second waits, and finds it done.
    with _transaction(_engine(location, "BEGIN EXCLUSIVE")) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(_LOCK)
        revision = revisions.stored(connection)
        if revision is not None and not revisions.is_known(revision):
            raise UnknownSchema(revisions.unknown(revision))
        step(_config(connection))


def _config(connection: Connection) -> Config:
    config = Config()
    # Percent signs would be read as references to other options.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise unavailable(error) from error
    finally:
        engine.dispose()


def _engine(location: SqliteFile | PostgresDatabase, begin: str) -> Engine:
    match location:
        case SqliteFile(path):
            return sqlite.engine(path, connections=1, begin=begin)
        case PostgresDatabase(url):
            return postgres.engine(url, connections=1)
        case never:
            assert_never(never)
