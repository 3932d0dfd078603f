"""Whether a browser's sign-in still counts. Times in milliseconds UTC."""

from dataclasses import dataclass
from typing import Final

from evergrant.core.facts import Session, SessionFacts, Subject
from evergrant.core.policy import DAY, MINUTE
from evergrant.protocol.values import Millis

_GRAIN: Final = 64


@dataclass(frozen=True, slots=True)
class SessionLifetimes:
    """How long a session may rest, and how long it may live (milliseconds)."""

    idle: int = 12 * 60 * MINUTE
    absolute: int = 30 * DAY


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A live session and its subject, both as they are now."""

    session: Session
    subject: Subject


def signed_in(facts: SessionFacts | None, lifetimes: SessionLifetimes, now: Millis) -> SignedIn | None:
    """Who is signed in, if the session is live and its subject neither gone nor disabled."""
    if facts is None or facts.subject is None or facts.subject.disabled:
        return None
    session = facts.session
    if now >= session.expires_at or now - session.used_at >= lifetimes.idle:
        return None
    return SignedIn(session, facts.subject)


def wants_touch(session: Session, lifetimes: SessionLifetimes, now: Millis) -> bool:
    """Whether its last use is old enough to be worth a write."""
    return now - session.used_at > lifetimes.idle // _GRAIN
