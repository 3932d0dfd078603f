"""A server as others build it: a retry is answered with a branch of its own. To compare with, not to use."""

from evergrant.core.facts import Caller


class BranchingGrant:
    """Each token may be shown until `window` after its first use, and brings a new token every time.

    Shown later, it ends the grant with all its branches: that is all such a server can notice.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._first_used: dict[int, int] = {}
        self._newest = 1
        self.ended_at: int | None = None
        self.warned_at: int | None = None

    def refresh(self, shown: int, caller: Caller, now: int) -> int | None:
        """A token that nobody else has; None: refused."""
        if self.ended_at is not None:
            return None
        if now - self._first_used.setdefault(shown, now) > self._window:
            self.ended_at = self.warned_at = now
            return None
        self._newest += 1
        return self._newest
