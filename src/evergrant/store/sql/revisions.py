"""Which revision of the schema a database has, without importing Alembic, which takes most of a second."""

from sqlalchemy import Connection, inspect, text

from evergrant.store.schema import HEAD, REVISIONS

_TABLE = "alembic_version"
_STORED = text("SELECT version_num FROM alembic_version")


def stored(connection: Connection) -> str | None:
    """The revision in the database; None: it was never set up."""
    if not inspect(connection).has_table(_TABLE):
        return None
    return connection.execute(_STORED).scalar_one_or_none()


def is_known(revision: str | None) -> bool:
    """Whether a database at this revision was made by a version that we know."""
    return revision is None or revision in REVISIONS


def state(connection: Connection) -> str:
    """`head`, or a sentence that says what is wrong and what to do."""
    revision = stored(connection)
    if revision == HEAD:
        return "head"
    if revision is None:
        return "The database has no schema yet: run `evergrant db upgrade`."
    if is_known(revision):
        return f"The schema is at {revision}, and this program needs {HEAD}: run `evergrant db upgrade`."
    return unknown(revision)


def unknown(revision: str) -> str:
    """What is wrong with a schema that we do not know, in a sentence."""
    return (
        f"The schema is at {revision}, which this program does not know: a newer Evergrant has upgraded it. "
        "Install that version, or restore a backup from before the upgrade."
    )
