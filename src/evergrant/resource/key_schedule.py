"""When an issuer's keys are fetched. Pure: the shell around it (`keys.py`) fetches.

Fresh keys are used; stale ones are used while new ones are fetched; if the issuer is down they are kept for a day. A
key that is not known is asked for once, then not again for half a minute: whoever sends tokens with names of his own
making must not make us ask the issuer each time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from evergrant.jose.keys import PublicKey
from evergrant.protocol.values import Millis

SECOND: Final = 1000
FRESH: Final = 300 * SECOND
LEAST_FRESH: Final = 30 * SECOND
MOST_FRESH: Final = 3600 * SECOND
KEPT: Final = 24 * 3600 * SECOND
COOL_DOWN: Final = 30 * SECOND
"""Between two fetches that an unknown key caused."""
RETRY: Final = 1 * SECOND
"""Between two fetches of which the first failed."""

Step = Literal["use", "use and fetch", "fetch", "give up"]

_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})")


@dataclass(frozen=True, slots=True)
class KeyState:
    """What is held, and when what was tried. Moments in milliseconds, None: never."""

    keys: Mapping[str, PublicKey] | None = None
    fetched_at: Millis = Millis(0)
    fresh_ms: int = FRESH
    failed_at: Millis | None = None
    forced_at: Millis | None = None

    def next_step(self, now: Millis) -> Step:
        """What to do for a token whose key is not looked up yet."""
        resting = _within(self.failed_at, now, RETRY)
        age = max(0, now - self.fetched_at)
        if self.keys is None or age > KEPT:
            return "give up" if resting else "fetch"
        return "use" if age <= self.fresh_ms or resting else "use and fetch"

    def after_unknown(self, now: Millis) -> Literal["fetch", "give up"]:
        """What to do when a token names a key that is not held. The first time after a quiet while, fetch at once."""
        resting = _within(self.forced_at, now, COOL_DOWN) or _within(self.failed_at, now, RETRY)
        return "give up" if resting else "fetch"

    def forcing(self, now: Millis) -> KeyState:
        """A fetch begins because a key was unknown."""
        return replace(self, forced_at=now)

    def fetched(self, keys: Mapping[str, PublicKey], now: Millis, fresh_ms: int) -> KeyState:
        """New keys came."""
        # The same keys stay the same object, so that what was checked with them is not checked again.
        kept = self.keys if self.keys is not None and dict(self.keys) == dict(keys) else keys
        return replace(self, keys=kept, fetched_at=now, fresh_ms=fresh_ms, failed_at=None)

    def failed(self, now: Millis) -> KeyState:
        """None came; what is held is kept."""
        return replace(self, failed_at=now)


def fresh_ms(cache_control: str | None) -> int:
    """For how long the issuer calls its keys fresh (RFC 9111 §5.2.2.1), within 30 seconds and an hour."""
    found = _MAX_AGE.search((cache_control or "").lower())
    return FRESH if found is None else min(MOST_FRESH, max(LEAST_FRESH, int(found[1]) * SECOND))


def _within(then: Millis | None, now: Millis, span: int) -> bool:
    # A clock that was set back makes ages of nothing, not of less.
    return then is not None and max(0, now - then) < span
