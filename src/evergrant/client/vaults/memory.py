"""Keeps sessions as long as the process lives."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from evergrant.client.errors import VaultBusy
from evergrant.client.tokens import TokenSet


class MemoryVault:
    """A Vault for one process: a restart signs out, and so does a fork whose halves both renew."""

    def __init__(self) -> None:
        self._kept: dict[str, TokenSet] = {}
        self._forget_locks()

    def load(self, key: str, /) -> TokenSet | None:
        return self._kept.get(key)

    @contextmanager
    def locked(self, key: str, timeout_s: float, /) -> Iterator[_MemoryDrawer]:
        lock = self._lock_of(key)
        if not lock.acquire(timeout=timeout_s):
            raise VaultBusy(f"another thread held the session for longer than {timeout_s:g} s")
        try:
            yield _MemoryDrawer(self._kept, key)
        finally:
            lock.release()

    def _lock_of(self, key: str) -> threading.Lock:
        if self._pid != os.getpid():
            # Whoever held a lock when the process forked is not in the child to let it go.
            self._forget_locks()
        with self._guard:
            return self._locks.setdefault(key, threading.Lock())

    def _forget_locks(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._pid = os.getpid()


class _MemoryDrawer:
    def __init__(self, kept: dict[str, TokenSet], key: str) -> None:
        self._kept = kept
        self._key = key

    def load(self) -> TokenSet | None:
        return self._kept.get(self._key)

    def save(self, tokens: TokenSet, /) -> None:
        self._kept[self._key] = tokens

    def clear(self) -> None:
        self._kept.pop(self._key, None)
