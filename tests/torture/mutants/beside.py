"""What hunters do to a database beside the server, by plain statements."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Engine, create_engine, select, text, update

from evergrant.store.schema import claims, grants, realms
from evergrant.store.sql.sqlite import driver
from tests.faults.stock import Stock

Row = Mapping[str, Any]  # columns of our own schema

_REFUSE: Final = {
    "sqlite": ["CREATE TRIGGER refuses BEFORE UPDATE ON grants BEGIN SELECT RAISE(ABORT, 'no'); END"],
    "postgresql": [
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$",
        "CREATE TRIGGER refuses BEFORE UPDATE ON grants FOR EACH ROW EXECUTE FUNCTION refuse()",
    ],
}
_RELENT: Final = {
    "sqlite": ["DROP TRIGGER refuses"],
    "postgresql": ["DROP TRIGGER refuses ON grants", "DROP FUNCTION refuse"],
}
_BAIT: Final = "bait"


@contextmanager
def _engine(stock: Stock) -> Iterator[Engine]:
    module = {"module": driver()} if stock.url.startswith("sqlite") else {}
    engine = create_engine(stock.url, **module)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def nothing_is_written(stock: Stock) -> Iterator[None]:
    """The database fails every statement that changes a grant."""
    with _engine(stock) as engine:
        name = engine.dialect.name
        for statements in (_REFUSE[name], None, _RELENT[name]):
            if statements is None:
                yield
                continue
            with engine.begin() as connection:
                for statement in statements:
                    connection.execute(text(statement))


def row_of(stock: Stock, grant: str) -> Row:
    """A grant's row, by its id in hexadecimal."""
    with _engine(stock) as engine, engine.connect() as connection:
        found = connection.execute(select(grants).where(grants.c.id == bytes.fromhex(grant)))
        return dict(found.mappings().one())


def put_back(stock: Stock, row: Row) -> None:
    """The row is again what it was, as after a fail-over that forgot."""
    with _engine(stock) as engine, engine.begin() as connection:
        connection.execute(update(grants).where(grants.c.id == row["id"]).values(**row))


def leave_something_to_reap(stock: Stock) -> None:
    """Something that was over long ago: it is gone once the reaper came by."""
    with _engine(stock) as engine, engine.begin() as connection:
        realm = connection.execute(select(realms.c.id)).scalars().first()
        connection.execute(claims.insert().values(realm=realm, kind=_BAIT, claim=b"bait", expires_at=1))


def was_reaped(stock: Stock) -> bool:
    """Whether that is gone."""
    with _engine(stock) as engine, engine.connect() as connection:
        return connection.execute(select(claims.c.kind).where(claims.c.kind == _BAIT)).first() is None
