"""Worker threads behind a bounded queue: questions and verbs that are not a refresh."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from evergrant.core.ports.reader import StoreUnavailable
from evergrant.store.sql.batches import PATIENCE_S
from evergrant.store.sql.trouble import is_dead, may_try_again, unavailable

T = TypeVar("T")

TRIES: Final = 3


class Workers:
    """Some threads that take jobs in order; at most `queue` jobs wait or are being done.

    `answer_s`: nobody waits longer than so many seconds, in the queue and for the thread together. None: for verbs that
    may rightly take long, such as ending a million grants.
    """

    def __init__(
        self, name: str, *, threads: int, queue: int, patience_s: float = PATIENCE_S, answer_s: float | None = None
    ) -> None:
        self._patience_s = patience_s
        self._answer_s = answer_s
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._places = threading.BoundedSemaphore(queue)

    async def run(self, job: Callable[[], T]) -> T:
        """Run `job` in a thread. StoreUnavailable: too many wait, it waited too long, or the store was closed."""
        if not self._places.acquire(blocking=False):
            raise StoreUnavailable("too many requests wait for the database")
        try:
            future = self._threads.submit(job)
        except RuntimeError:
            self._places.release()
            raise StoreUnavailable("the store is closed") from None
        future.add_done_callback(lambda _: self._places.release())
        withdrawal = asyncio.get_running_loop().call_later(self._patience_s, future.cancel)
        try:
            async with asyncio.timeout(self._answer_s):
                # Shielded: a client that hangs up must not cancel the transaction it started.
                return await asyncio.shield(asyncio.wrap_future(future))
        except TimeoutError:
            raise StoreUnavailable("the database did not answer in time") from None
        except asyncio.CancelledError:
            if _was_withdrawn(future):
                raise StoreUnavailable("the database did not get round to it in time") from None
            raise
        finally:
            withdrawal.cancel()

    async def close(self) -> None:
        """Let the jobs finish that were taken."""
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)


def _was_withdrawn(future: "Future[T]") -> bool:
    task = asyncio.current_task()
    return future.cancelled() and (task is None or not task.cancelling())


def ask(engine: Engine, question: Callable[[Connection], T]) -> T:
    """Run a question, again if the connection turns out to be dead."""
    tries = TRIES
    while True:
        tries -= 1
        try:
            with engine.connect() as connection:
                return question(connection)
        except SQLAlchemyError as error:
            if tries == 0 or not is_dead(error):
                raise unavailable(error) from error


def commit(engine: Engine, verb: Callable[[Connection], T]) -> T:
    """Run a verb as one transaction, again if the database surely rolled it back for no fault of its own."""
    tries = TRIES
    while True:
        tries -= 1
        committing = False
        try:
            with engine.begin() as connection:
                outcome = verb(connection)
                committing = True
        except SQLAlchemyError as error:
            # An error of the commit itself leaves the outcome unknown: a second run could do it twice.
            if committing or tries == 0 or not may_try_again(error):
                raise unavailable(error) from error
        else:
            return outcome
