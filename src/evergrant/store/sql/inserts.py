"""Inserts that say what happens when the row is there already; both databases read the same ON CONFLICT."""

from sqlalchemy import Table

# SQLite's compiler reads PostgreSQL's clause as its own, so that there is one text.
from sqlalchemy.dialects.postgresql import Insert, insert


def insert_unless_there(table: Table) -> Insert:
    """Insert; no row, and a row count of 0, if any of the table's keys is in use."""
    # Of an insert, SQLAlchemy keeps no row count unless it is told to.
    return insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


def insert_or_replace(table: Table) -> Insert:
    """Insert, or replace everything but the primary key of the row that is there."""
    statement = insert(table)
    key = [column.name for column in table.primary_key]
    rest = {name: statement.excluded[name] for name in table.columns.keys() if name not in key}  # noqa: SIM118  not a dict
    return statement.on_conflict_do_update(index_elements=key, set_=rest)
