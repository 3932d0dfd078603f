"""Time and chance, as arguments."""

from __future__ import annotations

from typing import Protocol

from evergrant.protocol.values import Millis


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> Millis:
        """Now, in milliseconds UTC."""
        ...


class Random(Protocol):
    """A source of chance."""

    def __call__(self, size: int, /) -> bytes:
        """`size` bytes that nobody can guess."""
        ...
