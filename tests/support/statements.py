"""What a piece of work asks of the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, event

from evergrant.store.sql.store import SqlStore


@contextmanager
def hearing(store: SqlStore, hear: Callable[[str], None]) -> Iterator[None]:
    """Meanwhile `hear` is told each statement before it is sent, by SQLAlchemy or by hand; it may raise."""

    def note(_c: Connection, _cursor: object, statement: str, _p: object, _x: object, _many: bool) -> None:
        hear(statement)

    engines = dict.fromkeys(store.engines())
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    unwatch = store.watch(hear)
    try:
        yield
    finally:
        unwatch()
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


@contextmanager
def statements(store: SqlStore) -> Iterator[list[str]]:
    """The statements that are sent meanwhile, in order."""
    seen: list[str] = []
    with hearing(store, seen.append):
        yield seen
