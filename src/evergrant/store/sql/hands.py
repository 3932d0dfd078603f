"""A thread with a connection of its own, that takes work in batches and gives all outcomes back in one hop."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, Protocol, TypeVar

from evergrant.core.ports.reader import StoreUnavailable
from evergrant.store.sql.batches import Batches, Land, Outcomes
from evergrant.store.sql.hot.shapes import Observer

T = TypeVar("T")
Tool = TypeVar("Tool")
Job = Callable[[Tool], object]
"""What is to be done with the tool that the thread holds. Safe to run again after a rollback."""


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


class Hand(Generic[Tool]):
    """Hands batches of jobs to `work`, in a thread; `work` returns one outcome per job, in order."""

    def __init__(self, name: str, work: Callable[[Sequence[Job[Tool]]], Outcomes[object]]) -> None:
        self._work = work
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._batches: Batches[Job[Tool], object] = Batches(self._carry)
        self._ended = False

    async def do(self, job: Callable[[Tool], T]) -> T:
        """What the job returns. Raises what it raises, and StoreUnavailable."""
        outcome: Any = await self._batches.put(job)
        return outcome  # type: ignore[no-any-return]  # jobs of all types share one queue; this is what this one returned

    async def close(self, last: Callable[[], None]) -> None:
        """Finish what was taken, do `last` in the thread, and end it. A second time changes nothing."""
        await self._batches.close()
        if not self._ended:
            self._ended = True
            self._thread.submit(last)
        await asyncio.to_thread(self._thread.shutdown)

    def _carry(self, jobs: Sequence[Job[Tool]], land: Land[object]) -> None:
        self._thread.submit(self._run, jobs, land, asyncio.get_running_loop())

    def _run(self, jobs: Sequence[Job[Tool]], land: Land[object], loop: asyncio.AbstractEventLoop) -> None:
        outcomes: Outcomes[object] = [StoreUnavailable("the database thread broke off")] * len(jobs)
        try:
            outcomes = self._work(jobs)
        finally:
            # A loop that was closed has nobody left who waits.
            if not loop.is_closed():
                loop.call_soon_threadsafe(land, outcomes)
