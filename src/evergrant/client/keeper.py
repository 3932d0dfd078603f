"""Decides what becomes of a session's tokens now: use, renew, wait or sign in. No I/O, no clock, no chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evergrant.client.errors import ClientError, IssuerUnavailable, SignInReason
from evergrant.client.tokens import TokenSet
from evergrant.client.ways import Way
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis

EARLY: Final = Millis(60_000)
"""An access token is renewed so long before its end, or a fifth of its life if that is less."""
SHORTEST_PAUSE: Final = Millis(1_000)
"""The token endpoint is not asked more often than this for one session, whatever goes wrong."""
LONGEST_PAUSE: Final = Millis(30_000)


@dataclass(frozen=True, slots=True)
class Valid:
    """A token that works is wanted; `refused` is one that an API has just refused."""

    refused: Secret | None = None


@dataclass(frozen=True, slots=True)
class Newer:
    """Another token than this one is wanted, however long that one would live."""

    than: Secret | None


Wanted = Valid | Newer


@dataclass(frozen=True, slots=True)
class Use:
    """These are good."""

    tokens: TokenSet


@dataclass(frozen=True, slots=True)
class UseMeanwhile:
    """These still work, and it is time to renew them behind the caller's back."""

    tokens: TokenSet


@dataclass(frozen=True, slots=True)
class Renew:
    """There is nothing to use: renew first."""


@dataclass(frozen=True, slots=True)
class Pause:
    """There is nothing to use, and the last attempt to renew was too short a time ago."""

    until: Millis
    error: ClientError


@dataclass(frozen=True, slots=True)
class SignIn:
    """There is nothing to use, and nothing to renew."""

    reason: SignInReason


Decision = Use | UseMeanwhile | Renew | Pause | SignIn


@dataclass(frozen=True, slots=True)
class Trouble:
    """So many attempts in a row have failed, the last one so; no other is made before `until`."""

    failures: int
    until: Millis
    error: ClientError


@dataclass(frozen=True, slots=True)
class Keeper:
    """The rules of one session.

    `jitter`, 0 to 1, is drawn once for each instance: processes that got their tokens at the same moment then do not
    renew, nor try again after a failure, at the same moment.
    """

    way: Way
    jitter: float

    def decide(self, held: TokenSet | None, wanted: Wanted, now: Millis, trouble: Trouble | None = None) -> Decision:
        """What to do with what is held."""
        usable = held if held is not None and held.ended is None and _serves(held, wanted, now) else None
        if usable is not None and now < due(usable, self.jitter):
            return Use(usable)
        obstacle = self.way.obstacle(held)
        if obstacle is not None:
            return Use(usable) if usable is not None else SignIn(obstacle)
        if trouble is not None and now < trouble.until:
            return Use(usable) if usable is not None else Pause(trouble.until, trouble.error)
        # An issuer whose tokens are short-lived or refused from the first moment must not be asked without end.
        if held is not None and isinstance(wanted, Valid) and 0 <= now - held.obtained_at < SHORTEST_PAUSE:
            return Use(held)
        return UseMeanwhile(usable) if usable is not None else Renew()

    def after(self, error: ClientError, now: Millis, before: Trouble | None) -> Trouble:
        """What a failure means for the next attempt: 1 s, 2 s, 4 s … 30 s, or as long as the issuer asks for."""
        failures = 1 if before is None else before.failures + 1
        pause = SHORTEST_PAUSE * 2 ** min(failures - 1, 5) * (1 + self.jitter)
        asked_s = error.retry_after_s if isinstance(error, IssuerUnavailable) else None
        pause = max(min(pause, LONGEST_PAUSE), (asked_s or 0.0) * 1000)
        return Trouble(failures, Millis(now + int(pause)), error)


def due(tokens: TokenSet, jitter: float) -> float:
    """When it is time to renew them, milliseconds UTC."""
    if tokens.expires_at is None:
        # RFC 6749 §5.1: it ends when the issuer says elsewhere; an API's refusal is how we learn of it.
        return float("inf")
    early = min(EARLY, (tokens.expires_at - tokens.obtained_at) // 5)
    return tokens.expires_at - early * (1 + jitter) / 2


def is_unwanted(tokens: TokenSet, wanted: Wanted) -> bool:
    """Whether it is the very token that is not wanted."""
    unwanted = wanted.refused if isinstance(wanted, Valid) else wanted.than
    return unwanted is not None and tokens.access_token == unwanted


def _serves(tokens: TokenSet, wanted: Wanted, now: Millis) -> bool:
    return not is_unwanted(tokens, wanted) and (tokens.expires_at is None or now < tokens.expires_at)
