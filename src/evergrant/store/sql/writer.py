"""SQLite's one writer thread: whatever is queued is one transaction, on the disk before anybody is answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from evergrant.store.sql.batches import Batches, Outcomes
from evergrant.store.sql.hands import Cursor, Hand, Overheard
from evergrant.store.sql.hot import sqlite as hot
from evergrant.store.sql.hot.shapes import COMMITTED, Observer, WantedRenewal
from evergrant.store.sql.trouble import unavailable

BEGIN: Final = "BEGIN IMMEDIATE"


@dataclass(frozen=True, slots=True)
class Pen:
    """The connection that writes, for SQLAlchemy's statements and for those by hand: one transaction for both."""

    connection: Connection
    driver: Any
    cursor: Cursor


Job = WantedRenewal | Callable[[Pen], object]
"""A renewal, or anything else that is to be done with the pen; safe to run again after a rollback."""


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
        self._hand: Hand[Job] = Hand("evergrant-sqlite-writer", self.together)
        self._batches: Batches[Job, object] = Batches(self._hand.carry)

    async def do(self, job: Job) -> Any:
        """What became of the job, of whatever type that is. Raises what it raises, and StoreUnavailable."""
        return await self._batches.put(job)

    async def close(self) -> None:
        """Finish what was taken."""
        await self._batches.close()
        await self._hand.end(self._put_down)

    def together(self, jobs: Sequence[Job]) -> Outcomes[object]:
        """All jobs as one transaction; where one fails, each as its own."""
        try:
            pen = self._begin()
        except self._errors as error:
            self._put_down()
            return [unavailable(error)] * len(jobs)
        try:
            outcomes = _carry_out(pen, jobs)
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
        pen.cursor.execute(BEGIN)
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


def _carry_out(pen: Pen, jobs: Sequence[Job]) -> list[object]:
    renewals = [job for job in jobs if isinstance(job, WantedRenewal)]
    if len(renewals) > 1:
        if hot.renew_all(pen.cursor, renewals):
            return [hot.DONE if isinstance(job, WantedRenewal) else job(pen) for job in jobs]
        # Somebody was first, or two are copies of one: who won is asked one by one.
        pen.cursor.execute("ROLLBACK")
        pen.cursor.execute(BEGIN)
    return [hot.renew(pen.cursor, job) if isinstance(job, WantedRenewal) else job(pen) for job in jobs]
