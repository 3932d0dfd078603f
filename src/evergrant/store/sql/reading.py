"""SQLite's reader thread for what a refresh asks: questions in batches, beside the writer."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from evergrant.store.sql.batches import Outcomes
from evergrant.store.sql.hands import Cursor, Hand, Job, Overheard
from evergrant.store.sql.hot.shapes import Observer
from evergrant.store.sql.trouble import unavailable


class HotReader:
    """Answers jobs that only ask, on a connection of its own."""

    def __init__(self, engine: Engine, driver_error: type[Exception], observers: Sequence[Observer]) -> None:
        self._engine = engine
        self._errors = (driver_error, SQLAlchemyError)
        self._observers = observers
        self._connection: Connection | None = None
        self._cursor: Cursor | None = None
        self.hand: Hand[Cursor] = Hand("evergrant-sqlite-hot-reader", self.answer)

    async def close(self) -> None:
        """Finish what was taken."""
        await self.hand.close(self._let_go)

    def answer(self, jobs: Sequence[Job[Cursor]]) -> Outcomes[object]:
        """Each job sees what was committed before the batch began, if not more."""
        try:
            cursor = self._open()
            return [job(cursor) for job in jobs]
        except self._errors as error:
            self._let_go()
            if len(jobs) > 1:
                return [outcome for job in jobs for outcome in self.answer([job])]
            return [unavailable(error)]
        except Exception as bug:  # noqa: BLE001  it becomes the outcome of the job that raised it
            return [bug] if len(jobs) == 1 else [outcome for job in jobs for outcome in self.answer([job])]

    def _open(self) -> Cursor:
        if self._cursor is None:
            self._connection = self._engine.connect()
            driver = self._connection.connection.driver_connection
            if driver is None:
                raise RuntimeError("a connection without a driver's connection")
            self._cursor = driver.cursor()
        return Overheard(self._cursor, self._observers) if self._observers else self._cursor

    def _let_go(self) -> None:
        connection, self._connection, self._cursor = self._connection, None, None
        if connection is not None:
            connection.close()
