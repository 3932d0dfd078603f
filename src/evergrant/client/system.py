"""What asks this machine for time and chance, unless they are given. The only file here that does."""

from __future__ import annotations

import os
import time
from typing import Final

from evergrant.client.world import Random
from evergrant.protocol.values import Millis

random: Final[Random] = os.urandom


def clock() -> Millis:
    """Now, in milliseconds UTC."""
    return Millis(time.time_ns() // 1_000_000)


def stopwatch_s() -> float:
    """Seconds since some moment; it only moves forward, whatever is done to the clock."""
    return time.monotonic()
