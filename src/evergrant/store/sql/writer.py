"""SQLite's one writer thread: whatever is queued is one transaction, on the disk before anybody is answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from evergrant.store.sql.batches import Outcomes
from evergrant.store.sql.hands import Cursor, Hand, Job, Overheard
from evergrant.store.sql.hot.shapes import COMMITTED, Observer
from evergrant.store.sql.trouble import unavailable


@dataclass(frozen=True, slots=True)
class Pen:
    """The connection that writes, for SQLAlchemy's statements and for those by hand: one transaction for both."""

    connection: Connection
    driver: Any
    cursor: Cursor


class Writer:
    """Runs jobs in its thread. A job that fails never fails its neighbours."""

    def __init__(
        self,
        engine: Engine,
        driver_error: type[Exception],
        observers: Sequence[Observer],
        committed: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._errors = (driver_error, SQLAlchemyError)
        self._observers = observers
        self._committed = committed
        self._pen: Pen | None = None
        self.hand: Hand[Pen] = Hand("evergrant-sqlite-writer", self.together)

    async def close(self) -> None:
        """Finish what was taken."""
        await self.hand.close(self._put_down)

    def together(self, jobs: Sequence[Job[Pen]]) -> Outcomes[object]:
        """All jobs as one transaction; where one fails, each as its own."""
        try:
            pen = self._begin()
        except self._errors as error:
            self._put_down()
            return [unavailable(error)] * len(jobs)
        try:
            outcomes = [job(pen) for job in jobs]
        except Exception as error:  # noqa: BLE001  it becomes the outcome of the job that raised it
            self._roll_back(pen)
            if len(jobs) > 1:
                return [outcome for job in jobs for outcome in self.together([job])]
            return [unavailable(error) if isinstance(error, self._errors) else error]
        try:
            self._commit(pen)
        except self._errors as error:
            # Whether it is on the disk is unknown: nobody is told that it is, or that it is not.
            self._roll_back(pen)
            return [unavailable(error)] * len(jobs)
        self._committed()
        return outcomes

    def _begin(self) -> Pen:
        if self._pen is None:
            connection = self._engine.connect()
            driver = connection.connection.driver_connection
            if driver is None:
                raise RuntimeError("a connection without a driver's connection")
            self._pen = Pen(connection, driver, driver.cursor())
        pen = self._pen
        if self._observers:
            pen = Pen(pen.connection, pen.driver, Overheard(pen.cursor, self._observers))
        # IMMEDIATE: a transaction that begins as a reader fails when it writes and somebody else did.
        pen.cursor.execute("BEGIN IMMEDIATE")
        return pen

    def _commit(self, pen: Pen) -> None:
        if pen.connection.in_transaction():
            pen.connection.commit()  # as SQLAlchemy's, so that it knows; for the driver it is the same COMMIT
        else:
            pen.cursor.execute("COMMIT")
        for tell in self._observers:
            tell(COMMITTED)

    def _roll_back(self, pen: Pen) -> None:
        try:
            pen.connection.rollback()
            if pen.driver.in_transaction:
                pen.driver.rollback()
        except self._errors:
            self._put_down()

    def _put_down(self) -> None:
        """Let go of the connection; the next batch opens another."""
        pen, self._pen = self._pen, None
        if pen is None:
            return
        try:
            pen.connection.invalidate()
        finally:
            pen.connection.close()
