"""Group commit, and its like for reading: what gathered while the last batch was under way is the next one.

No timer makes a batch: a lone item goes at once, and a batch grows only by what waits anyway. Each item gets its own
outcome. Bounded in number and in patience, so that a database that stalls is answered with 503 and not with memory.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Generic, TypeVar

from evergrant.core.ports.reader import StoreUnavailable

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

QUEUE: Final = 10_000
"""So many items may wait; whoever comes then is told at once."""

MOST: Final = 512
"""Items of one batch: one that is much larger would hold up everybody in it."""

PATIENCE_S: Final = 5.0
"""An item that no batch has taken after this many seconds is withdrawn: it would come too late to be of use."""

Outcomes = Sequence[Outcome | Exception]
Land = Callable[[Outcomes[Outcome]], None]
Carry = Callable[[Sequence[Item], Land[Outcome]], None]
"""Begins to carry out a batch, and calls back on the event loop with one outcome per item, in order. Never raises."""


class Batches(Generic[Item, Outcome]):
    """A queue in front of `carry`, used from one event loop. At most `in_flight` batches are under way."""

    def __init__(
        self,
        carry: Carry[Item, Outcome],
        *,
        in_flight: int = 1,
        most: int = MOST,
        queue: int = QUEUE,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._carry = carry
        self._in_flight = in_flight
        self._most = most
        self._limit = queue
        self._patience_s = patience_s
        self._queue: deque[tuple[Item, asyncio.Future[Outcome], float]] = deque()
        self._under_way = 0
        self._is_called = False
        self._watch: asyncio.TimerHandle | None = None
        self._closed: asyncio.Future[None] | None = None

    def put(self, item: Item) -> "asyncio.Future[Outcome]":
        """Its outcome, to be awaited. Cancelling that stops nothing: what was put is carried out.

        Raises StoreUnavailable when too many wait, or after `close`; the outcome may be StoreUnavailable as well.
        """
        if self._closed is not None:
            raise StoreUnavailable("the store is closed")
        if len(self._queue) >= self._limit:
            raise StoreUnavailable("too many requests wait for the database")
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Outcome] = loop.create_future()
        self._queue.append((item, outcome, loop.time()))
        if self._under_way == self._in_flight:
            self._watch_over(loop)
        elif not self._is_called:
            # At the end of this turn of the loop: whoever else is about to ask in it comes along.
            self._is_called = True
            loop.call_soon(self._begin)
        return outcome

    async def close(self) -> None:
        """Take no more, and return when all that was taken is done."""
        if self._closed is None:
            self._closed = asyncio.get_running_loop().create_future()
            self._end_if_done()
        await asyncio.shield(self._closed)

    def _begin(self) -> None:
        self._is_called = False
        while self._queue and self._under_way < self._in_flight:
            taken = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
            waiting = [outcome for _, outcome, _ in taken]
            self._under_way += 1
            self._carry([item for item, _, _ in taken], partial(self._land, waiting))

    def _land(self, waiting: "Sequence[asyncio.Future[Outcome]]", outcomes: Outcomes[Outcome]) -> None:
        self._under_way -= 1
        for waiter, outcome in zip(waiting, outcomes, strict=True):
            if waiter.done():
                continue  # the caller was cancelled; what it asked for happened all the same
            if isinstance(outcome, Exception):
                waiter.set_exception(outcome)
            else:
                waiter.set_result(outcome)
        self._begin()
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self._closed is not None and not self._closed.done() and not self._queue and not self._under_way:
            if self._watch is not None:
                self._watch.cancel()
            self._closed.set_result(None)

    def _watch_over(self, loop: asyncio.AbstractEventLoop) -> None:
        # One timer for the whole queue, and only while something waits behind a batch.
        if self._watch is None:
            self._watch = loop.call_at(self._queue[0][2] + self._patience_s, self._withdraw, loop)

    def _withdraw(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watch = None
        # Half a tick of the loop's clock early is late enough: a timer may fire a little before its time.
        begun_before = loop.time() - self._patience_s + 0.001
        while self._queue and self._queue[0][2] <= begun_before:
            _, outcome, _ = self._queue.popleft()
            if not outcome.done():
                outcome.set_exception(StoreUnavailable("the database did not get round to it in time"))
        if self._queue:
            self._watch_over(loop)
        self._end_if_done()
