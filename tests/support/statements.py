"""What a piece of work asks of the database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event


@contextmanager
def statements(engines: Sequence[Engine]) -> Iterator[list[str]]:
    """The statements that are executed meanwhile, in order."""
    seen: list[str] = []

    def note(_c: Connection, _cursor: object, statement: str, _p: object, _x: object, _many: bool) -> None:
        seen.append(statement)

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield seen
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)
