"""What asks this machine for the time, unless a clock is given. The only file here that does."""

from __future__ import annotations

import time
from typing import Protocol

from evergrant.protocol.values import Millis


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> Millis:
        """Now, in milliseconds UTC."""
        ...


def clock() -> Millis:
    """Now, by this machine's clock."""
    return Millis(time.time_ns() // 1_000_000)
