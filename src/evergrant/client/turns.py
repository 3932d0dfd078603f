"""One after another, in one process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from evergrant.client.errors import VaultBusy


class Turn:
    """A lock that a forked child finds free: whoever held it in the parent is not in the child to let it go."""

    __slots__ = ("_lock", "_process")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = os.getpid()

    @contextmanager
    def taken(self, timeout_s: float) -> Iterator[None]:
        """The block runs while nobody else's does. Raises VaultBusy if somebody's took longer than `timeout_s`."""
        process = os.getpid()
        if process != self._process:
            self._process, self._lock = process, threading.Lock()
        lock = self._lock
        if not lock.acquire(timeout=timeout_s):
            raise VaultBusy(f"another thread held the session for longer than {timeout_s:g} s")
        try:
            yield
        finally:
            lock.release()
