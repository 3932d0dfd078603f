"""The machine's clock, which a test may move on."""

import time

from evergrant.protocol.values import Millis


class MovableClock:
    """The machine's clock, moved on by as much as a test wants. Milliseconds UTC."""

    def __init__(self) -> None:
        self._ahead = 0

    def __call__(self) -> Millis:
        return Millis(time.time_ns() // 1_000_000 + self._ahead)

    def advance(self, ms: int) -> None:
        """Let this much time pass at once."""
        self._ahead += ms

    def reset(self) -> bool:
        """Back to the machine's time; whether it had been moved."""
        moved, self._ahead = self._ahead != 0, 0
        return moved
