"""What a refresh asks of SQLite: questions in batches, on the event loop while their pages are at hand.

A thread would wait for the interpreter's lock as often as it asks, and the event loop for the thread: that cost more
than the answers, a fifth of a refresh. But a page that must come from a slow disk would hold up everybody. So the loop
asks a few at a time, and after a batch that took long a thread does, for a while.
"""

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from evergrant.store.sql.batches import Batches, Land, Outcomes
from evergrant.store.sql.hands import Cursor, Hand, Overheard
from evergrant.store.sql.hot import sqlite as hot
from evergrant.store.sql.hot.shapes import Observer, WantedClaim, WantedGrant
from evergrant.store.sql.trouble import unavailable

MOST: Final = 32
"""Questions of one batch."""

SLOW_S: Final = 0.005
"""A batch that took longer met a disk. From memory it takes a tenth of that."""

ASIDE_S: Final = 10.0
"""For so long the thread asks then; each time it is over, one batch finds out whether the disk is still slow."""

Wanted = WantedGrant | WantedClaim


class HotReader:
    """Answers questions on a connection of its own, those for grants in one statement."""

    def __init__(
        self,
        engine: Engine,
        driver_error: type[Exception],
        observers: Sequence[Observer],
        *,
        slow_s: float = SLOW_S,
    ) -> None:
        self._engine = engine
        self._errors = (driver_error, SQLAlchemyError)
        self._observers = observers
        self._slow_s = slow_s
        self._aside_until = 0.0
        self._connection: Connection | None = None
        self._cursor: Cursor | None = None
        self._hand: Hand[Wanted] = Hand("evergrant-sqlite-hot-reader", self.answer)
        # One batch at a time, so that loop and thread never use the connection together.
        self._batches: Batches[Wanted, object] = Batches(self._carry, most=MOST)

    async def ask(self, wanted: Wanted) -> Any:
        """The facts of a grant, or whether it is claimed. Raises StoreUnavailable."""
        return await self._batches.put(wanted)

    async def close(self) -> None:
        """Finish what was taken."""
        await self._batches.close()
        await self._hand.end(self._let_go)

    def _carry(self, wanted: Sequence[Wanted], land: Land[object]) -> None:
        loop = asyncio.get_running_loop()
        # The first question opens the connection, which waits for the disk.
        if self._cursor is None or loop.time() < self._aside_until:
            self._hand.carry(wanted, land)
            return
        begun = perf_counter()
        outcomes = self.answer(wanted)
        if perf_counter() - begun > self._slow_s:
            self._aside_until = loop.time() + ASIDE_S
        # In the next turn: whoever else is ready goes before the next batch.
        loop.call_soon(land, outcomes)

    def answer(self, wanted: Sequence[Wanted]) -> Outcomes[object]:
        """Each sees what was committed before the batch began, if not more. One that fails, fails alone."""
        try:
            return _found(self._open(), wanted)
        except Exception as error:  # noqa: BLE001  it becomes the outcome of the question that raised it
            if isinstance(error, self._errors):
                self._let_go()
            if len(wanted) > 1:
                return [outcome for one in wanted for outcome in self.answer([one])]
            return [unavailable(error) if isinstance(error, self._errors) else error]

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


def _found(cursor: Cursor, wanted: Sequence[Wanted]) -> list[object]:
    grants = [one for one in wanted if isinstance(one, WantedGrant)]
    facts = iter(hot.grants(cursor, grants) if len(grants) > 1 else [hot.grant(cursor, one) for one in grants])
    return [next(facts) if isinstance(one, WantedGrant) else hot.is_claimed(cursor, one) for one in wanted]
