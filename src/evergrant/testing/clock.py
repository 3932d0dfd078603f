"""A clock that moves only when a test moves it."""

from evergrant.protocol.values import Millis

START = Millis(1_800_000_000_000)
"""Where a manual clock begins if nothing else is said: a moment in January 2027."""


class ManualClock:
    """A Clock. Calling it tells the time in milliseconds UTC; `advance` and `set` are the only ways to change it."""

    def __init__(self, start: Millis = START) -> None:
        self._now = start

    def __call__(self) -> Millis:
        return self._now

    def advance(self, ms: int) -> Millis:
        """Move on by `ms` milliseconds and tell the new time; a negative number steps back, as real clocks do."""
        self._now = Millis(self._now + ms)
        return self._now

    def set(self, now: Millis) -> None:
        """Make it `now`."""
        self._now = now
