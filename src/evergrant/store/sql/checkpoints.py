"""Moves SQLite's write-ahead log into the database file, beside the writer instead of in somebody's commit.

The automatic checkpoint runs in the commit that makes the log long: whoever is in it waits 10 to 20 ms for nothing of
his own. Here a second connection does it, a second after a commit, and nobody waits.
"""

import threading
from collections.abc import Callable
from typing import Any, Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

EVERY_S: Final = 1.0
LONG_LOG: Final = 256 * 1024 * 1024
"""Bytes after which writers wait for once, so that the log can start again from its beginning."""

_log = structlog.get_logger(__name__)


class Checkpoints:
    """A thread that starts with the first commit and sleeps while nothing is written."""

    def __init__(self, engine: Engine, driver_error: type[Exception], *, long_log: int = LONG_LOG) -> None:
        self._engine = engine
        self._errors = (driver_error, SQLAlchemyError)
        self._long_log = long_log
        self._written = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def committed(self) -> None:
        """There is something in the log. Called by the writer's thread only."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="evergrant-sqlite-checkpoints", daemon=True)
            self._thread.start()
        if not self._written.is_set():
            self._written.set()

    def close(self) -> None:
        """End the thread. What is left in the log is moved by SQLite when the last connection closes."""
        self._ending.set()
        self._written.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            self._written.wait()
            if self._ending.wait(EVERY_S):
                return
            self._written.clear()
            try:
                self._move()
            except self._errors as error:
                # The log keeps everything meanwhile; it only grows.
                _log.warning("checkpoint_failed", cause=type(error).__name__)

    def _move(self) -> None:
        with self._engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            if checkpoint(driver.execute, "PASSIVE") > self._long_log:
                checkpoint(driver.execute, "RESTART")


def checkpoint(execute: Callable[[str], Any], mode: str) -> int:
    """Move what can be moved; how long the log is, in bytes."""
    _busy, frames, _moved = execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    (page_size,) = execute("PRAGMA page_size").fetchone()
    return int(frames) * int(page_size)
