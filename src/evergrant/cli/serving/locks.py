"""Locks on files and folders. The system takes a lock back when its process ends, however it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def lock(path: Path, *, wait: bool = False) -> int:
    """Lock an existing file or folder, and return the descriptor that holds the lock.

    Raises BlockingIOError if somebody else has it, unless told to wait.
    """
    # Late: only a server of several processes needs it, and not every system has it.
    import fcntl

    holding = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(holding, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(holding)
        raise
    return holding


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[None]:
    """As `lock`, and let go at the end."""
    holding = lock(path, wait=wait)
    try:
        yield
    finally:
        os.close(holding)
