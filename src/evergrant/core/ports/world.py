"""Time and chance, as arguments."""

from typing import Protocol

from evergrant.protocol.values import Millis


class Clock(Protocol):
    """The one clock of a process."""

    def __call__(self) -> Millis:
        """Now, in milliseconds UTC."""
        ...


class Random(Protocol):
    """The one source of chance of a process."""

    def __call__(self, size: int, /) -> bytes:
        """`size` bytes from a cryptographically secure source."""
        ...
