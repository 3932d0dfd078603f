"""One flight for all: work that is under way is shared by everybody who asks for it, in any thread or task."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Flight(Generic[T]):
    """Runs at most one piece of work at a time, in a thread of its own.

    Whoever asks meanwhile gets the same future: threads wait for it by `result()`, coroutines by `asyncio.wrap_future`
    behind a shield, so that nobody who gives up takes the work with him. A `daemon` does not hold up the end of the
    program.
    """

    __slots__ = ("_daemon", "_future", "_lock", "_name", "_process")

    def __init__(self, name: str, *, daemon: bool) -> None:
        self._name = name
        self._daemon = daemon
        self._lock = threading.Lock()
        self._future: Future[T] | None = None
        self._process = os.getpid()

    def join(self, work: Callable[[], T]) -> Future[T]:
        """The flight that is under way, or a new one that does `work`."""
        process = os.getpid()
        if process != self._process:
            # A forked child has neither its parent's thread, so that nobody would ever land, nor a lock to rely on:
            # another thread of the parent may have held it.
            self._process, self._lock, self._future = process, threading.Lock(), None
        with self._lock:
            if self._future is not None:
                return self._future
            future: Future[T] = Future()
            # As work that has begun: otherwise a cancelled coroutine would cancel the future of all the others.
            future.set_running_or_notify_cancel()
            self._future = future
        try:
            threading.Thread(target=self._run, args=(work, future), name=self._name, daemon=self._daemon).start()
        except RuntimeError as problem:
            # No thread to be had, as at the end of a program: nobody would ever land.
            self._forget()
            future.set_exception(problem)
        return future

    def under_way(self) -> Future[T] | None:
        """The flight that has not landed yet, if there is one. What it did is done once there is none."""
        return self._future if self._process == os.getpid() else None

    def _run(self, work: Callable[[], T], future: Future[T]) -> None:
        # Everybody is told by the future, and whoever asks after that begins anew: that order, or somebody could
        # still join a flight that has landed.
        try:
            landed = work()
        except BaseException as problem:  # noqa: BLE001  it is told to everybody who waits, whatever it is
            self._forget()
            future.set_exception(problem)
        else:
            self._forget()
            future.set_result(landed)

    def _forget(self) -> None:
        with self._lock:
            self._future = None
