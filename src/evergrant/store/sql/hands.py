"""A thread that takes work in batches and gives all outcomes back in one hop."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, Protocol, TypeVar

from evergrant.core.ports.reader import StoreUnavailable
from evergrant.store.sql.batches import Land, Outcomes
from evergrant.store.sql.hot.shapes import Observer

Job = TypeVar("Job")


class Cursor(Protocol):
    """The part of a driver's cursor that hot statements use."""

    @property
    def rowcount(self) -> int: ...

    def execute(self, statement: str, values: Sequence[object] = (), /) -> "Cursor": ...

    def fetchone(self) -> Any: ...


class Overheard:
    """A cursor that tells each statement before it is sent."""

    def __init__(self, cursor: Cursor, observers: Sequence[Observer]) -> None:
        self._cursor = cursor
        self._observers = observers

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def execute(self, statement: str, values: Sequence[object] = (), /) -> Cursor:
        for tell in self._observers:
            tell(statement)
        return self._cursor.execute(statement, values)

    def fetchone(self) -> Any:
        return self._cursor.fetchone()


class Hand(Generic[Job]):
    """Carries out batches of jobs in a thread by `work`, which returns one outcome per job, in order."""

    def __init__(self, name: str, work: Callable[[Sequence[Job]], Outcomes[object]]) -> None:
        self._work = work
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._ended = False

    def carry(self, jobs: Sequence[Job], land: Land[object]) -> None:
        """As `Batches` wants it."""
        self._thread.submit(self._run, jobs, land, asyncio.get_running_loop())

    async def end(self, last: Callable[[], None]) -> None:
        """Do `last` in the thread, after what was carried, and end it. A second time changes nothing."""
        if not self._ended:
            self._ended = True
            self._thread.submit(last)
        await asyncio.to_thread(self._thread.shutdown)

    def _run(self, jobs: Sequence[Job], land: Land[object], loop: asyncio.AbstractEventLoop) -> None:
        outcomes: Outcomes[object] = [StoreUnavailable("the database thread broke off")] * len(jobs)
        try:
            outcomes = self._work(jobs)
        finally:
            # A loop that was closed has nobody left who waits.
            if not loop.is_closed():
                loop.call_soon_threadsafe(land, outcomes)
