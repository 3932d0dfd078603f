"""Group commit, and its like for reading: what gathered while the last batch was under way is the next one.

No timer makes a batch: a lone item goes at once, and a batch grows only by what waits anyway. Each item gets its own
outcome. Bounded in number and in patience, so that a database that stalls is answered with 503 and not with memory.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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

ANSWER_S: Final = 10.0
"""Whoever waits this many seconds for a batch is told that its outcome is unknown. The batch itself is not given up:
its commit may be waiting for a standby, and another try would only wait behind it.
"""

Outcomes = Sequence[Outcome | Exception]
Land = Callable[[Outcomes[Outcome]], None]
Carry = Callable[[Sequence[Item], Land[Outcome]], None]
"""Begins to carry out a batch, and calls back on the event loop with one outcome per item, in order. Never raises."""


@dataclass(frozen=True, slots=True, eq=False)
class _Flight(Generic[Outcome]):
    """A batch that is under way, and who waits for it."""

    begun: float
    waiting: "Sequence[asyncio.Future[Outcome]]"


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
        answer_s: float = ANSWER_S,
    ) -> None:
        self._carry = carry
        self._in_flight = in_flight
        self._most = most
        self._limit = queue
        self._patience_s = patience_s
        self._answer_s = answer_s
        self._queue: deque[tuple[Item, asyncio.Future[Outcome], float]] = deque()
        self._under_way: list[_Flight[Outcome]] = []
        self._is_called = False
        self._watch: asyncio.TimerHandle | None = None
        self._look_out: asyncio.TimerHandle | None = None
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
        if len(self._under_way) == self._in_flight:
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
        while self._queue and len(self._under_way) < self._in_flight:
            taken = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
            loop = asyncio.get_running_loop()
            flight = _Flight(loop.time(), [outcome for _, outcome, _ in taken])
            self._under_way.append(flight)
            self._look_out_for(flight, loop)
            self._carry([item for item, _, _ in taken], partial(self._land, flight))

    def _land(self, flight: "_Flight[Outcome]", outcomes: Outcomes[Outcome]) -> None:
        self._under_way.remove(flight)
        for waiter, outcome in zip(flight.waiting, outcomes, strict=True):
            if waiter.done():
                continue  # the caller was cancelled or did not wait; what it asked for happened all the same
            if isinstance(outcome, Exception):
                waiter.set_exception(outcome)
            else:
                waiter.set_result(outcome)
        self._begin()
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self._closed is not None and not self._closed.done() and not self._queue and not self._under_way:
            for timer in (self._watch, self._look_out):
                if timer is not None:
                    timer.cancel()
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

    def _look_out_for(self, flight: "_Flight[Outcome]", loop: asyncio.AbstractEventLoop) -> None:
        # One timer at a time, that outlives many batches: setting one for each would cost each of them.
        if self._look_out is None:
            self._look_out = loop.call_at(flight.begun + self._answer_s, self._give_up_waiting, loop)

    def _give_up_waiting(self, loop: asyncio.AbstractEventLoop) -> None:
        self._look_out = None
        begun_before = loop.time() - self._answer_s + 0.001
        for flight in self._under_way:
            if flight.begun > begun_before:
                self._look_out_for(flight, loop)
                continue
            for waiter in flight.waiting:
                if not waiter.done():
                    waiter.set_exception(StoreUnavailable("the database did not answer in time"))
