"""Locks that threads, processes and instances respect alike: files beside what they guard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from evergrant.client.errors import VaultBusy, VaultError, VaultUnavailable
from evergrant.client.vaults.private_files import make_folder

PATIENCE_S: Final = 10.0
"""How long to wait for somebody else's read or write, which takes milliseconds unless that process was stopped."""

_BETWEEN_LOOKS_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class LockFiles:
    """The lock of a place where sessions are kept, and one more for each session in it.

    Empty files, which stay: whoever deletes a file that others wait for lets two in. The system takes a lock back
    from a process that dies. A file system that knows no locks is VaultUnavailable.
    """

    path: Path

    @contextmanager
    def session(self, key: str, timeout_s: float) -> Iterator[None]:
        """Hold one session. Raises VaultBusy, VaultUnavailable."""
        path = self.path.with_name(f"{self.path.name}-{sha256(key.encode()).hexdigest()[:24]}")
        busy = VaultBusy(f"another thread or process held the session for longer than {timeout_s:g} s ({path})")
        with _held(path, timeout_s, busy):
            yield

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Hold the whole place for one read or write. Raises VaultUnavailable."""
        busy = VaultUnavailable(f"another process has been busy with it for longer than {PATIENCE_S:g} s ({self.path})")
        with _held(self.path, PATIENCE_S, busy):
            yield


@contextmanager
def _held(path: Path, timeout_s: float, busy: VaultError) -> Iterator[None]:
    make_folder(path.parent)
    # A new one each time: an instance that is shared would let its own thread in twice. And no lock that is only a
    # file's existence where the system has none: it would outlive a holder that was killed.
    lock = FileLock(path, mode=0o600, poll_interval=_BETWEEN_LOOKS_S, fallback_to_soft=False)
    try:
        # To filelock, a negative time is for ever.
        lock.acquire(timeout=max(timeout_s, 0.0))
    except Timeout:
        raise busy from None
    except OSError as error:
        raise VaultUnavailable(f"{path} cannot be locked: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()
