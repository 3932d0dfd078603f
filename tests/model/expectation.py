"""The life of one grant in numbers: what a request should be answered, written without looking at the code."""

from dataclasses import dataclass, replace
from typing import Final

from evergrant.core.facts import Caller
from evergrant.core.policy import DAY, MINUTE
from evergrant.core.reasons import Reason

WINDOW: Final = MINUTE
IDLE: Final = 14 * DAY
LIFETIME: Final = 90 * DAY
CODE_LIFETIME: Final = MINUTE


@dataclass(frozen=True, slots=True)
class Row:
    """What a fail-over can take back: a renewal and what it wrote."""

    generation: int
    renewed: int
    previous: int
    used: int
    bits: int
    seen: Caller


@dataclass(slots=True)
class Expectation:
    """`keeps`: the policy returns the same token. `suspects`: six redeliveries in a row elsewhere end the grant."""

    approved: int
    keeps: bool
    suspects: bool
    row: Row | None = None  # None: the code is not used yet
    ended_at: int | None = None
    gone: bool = False
    highest: int = 0  # of all generations that were ever signed

    def exchange(self, now: int, caller: Caller, *, proven: bool) -> Reason | None:
        """Show the code: why it is refused, or None."""
        if self.gone:
            return Reason.UNKNOWN
        if not proven:
            return Reason.WRONG_PROOF
        if self.ended_at is not None:
            return Reason.REVOKED
        if self.row is not None:
            return (
                Reason.EXPIRED if now >= self.approved + LIFETIME else self._idle(now) or self._end(Reason.REUSED, now)
            )
        if now >= self.approved + CODE_LIFETIME:
            return Reason.EXPIRED
        self.row = Row(1, now, self.approved, now, 0, caller)
        self.highest = 1
        return None

    def refresh(self, shown: int, now: int, caller: Caller, *, too_wide: bool) -> Reason | int:
        """Show a refresh token of generation `shown`: why it is refused, or which generation comes back."""
        if self.gone:
            return Reason.UNKNOWN
        if self.ended_at is not None:
            return Reason.REVOKED
        row = self._active()
        if now >= self.approved + LIFETIME:
            return Reason.EXPIRED
        behind = row.generation - shown
        idle = self._idle(now) if behind >= 0 else None
        if idle is not None:
            return idle
        if behind > 2 or (behind > 0 and age(now, row.renewed if behind == 1 else row.previous) > WINDOW):
            return self._end(Reason.REUSED, now)
        if too_wide:
            return Reason.TOO_WIDE_SCOPE
        if behind > 0:
            return self._redeliver(behind, now, caller)
        return self._renew(shown, now, caller)

    def _redeliver(self, behind: int, now: int, caller: Caller) -> Reason | int:
        row = self._active()
        bits = row.bits | (1 if behind == 1 else 0b11)
        if caller != row.seen and bits != row.bits:
            if self.suspects and f"{bits:08b}".endswith("111111"):
                return self._end(Reason.RETRY_STREAK, now)
            self.row = replace(row, bits=bits)
        return row.generation

    def _renew(self, shown: int, now: int, caller: Caller) -> int:
        row, ahead = self._active(), shown > self._active().generation
        if self.keeps and not ahead:
            if age(now, row.used) * 64 > IDLE:
                self.row = replace(row, used=max(row.used, now))
            return shown
        following = shown if self.keeps else shown + 1
        previous, bits = (now, 0) if ahead else (row.renewed, row.bits * 2 % 256)
        self.row = Row(following, now, previous, now, bits, caller)
        self.highest = max(self.highest, following)
        return following

    def end(self, now: int) -> None:
        """Somebody ended it; the first one counts."""
        if self.ended_at is None and not self.gone:
            self.ended_at = now

    def is_over(self, now: int) -> bool:
        """Whether no token of it could be taken for live, nor a replay of one be missed."""
        if self.ended_at is not None:
            return now > self.ended_at
        return now > self.approved + (CODE_LIFETIME if self.row is None else LIFETIME)

    def _idle(self, now: int) -> Reason | None:
        return self._end(Reason.IDLE, now) if age(now, self._active().used) >= IDLE else None

    def _end(self, why: Reason, now: int) -> Reason:
        self.ended_at = now
        return why

    def _active(self) -> Row:
        assert self.row is not None
        return self.row


def age(now: int, then: int) -> int:
    """Milliseconds since; none if the clock was set back meanwhile."""
    return max(0, now - then)
