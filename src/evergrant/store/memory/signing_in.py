"""Single use, throttling, sessions, audit and the reaper on dictionaries."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from evergrant.core.facts import Grant, GrantState, Session
from evergrant.core.ports.ledger import (
    Attempt,
    Done,
    Events,
    Horizon,
    RevokeAll,
    Saved,
    Superseded,
    Swept,
    Taken,
)
from evergrant.protocol.values import Millis
from evergrant.store.memory.tables import Bucket, RealmBound

K = TypeVar("K")
V = TypeVar("V")


class MemorySignIn(RealmBound):
    """The verbs around a sign-in, and `sweep`."""

    async def claim_once(self, kind: str, claim: bytes, expires_at: Millis, /, *, events: Events) -> Done | Taken:
        here = self._here
        if (kind, claim) in here.claims:
            return Taken()
        here.claims[kind, claim] = expires_at
        here.events.extend(events)
        return Done()

    async def count_attempts(self, attempts: Sequence[Attempt], now: Millis, /) -> tuple[int, ...]:
        counts = []
        for attempt in attempts:
            bucket = self._here.attempts.setdefault(attempt.key, Bucket(0, now))
            bucket.leak(attempt, now)
            bucket.tally += 1
            counts.append(bucket.tally)
        return tuple(counts)

    async def forgive_attempts(self, attempts: Sequence[Attempt], now: Millis, /) -> None:
        for attempt in attempts:
            bucket = self._here.attempts.get(attempt.key)
            if bucket is not None:
                bucket.leak(attempt, now)
                bucket.tally = max(0, bucket.tally - 1)

    async def start_session(self, session: Session, /, *, replaces: bytes | None, events: Events) -> Done | Superseded:
        here = self._here
        subject = here.subjects.get(session.subject)
        if subject is None or subject.disabled or session.digest in here.sessions:
            return Superseded()
        if replaces is not None:
            here.sessions.pop(replaces, None)
        here.sessions[session.digest] = session
        here.events.extend(events)
        return Done()

    async def use_session(self, digest: bytes, used_at: Millis, /) -> None:
        session = self._here.sessions.get(digest)
        if session is not None and session.used_at < used_at:
            self._here.sessions[digest] = replace(session, used_at=used_at)

    async def end_session(self, digest: bytes, /, *, revoke: RevokeAll | None, events: Events) -> Saved:
        here = self._here
        here.sessions.pop(digest, None)
        ended = here.revoke(revoke)
        here.events.extend(events)
        return Saved(ended)

    async def record(self, events: Events, /) -> None:
        self._here.events.extend(events)

    async def sweep(self, horizon: Horizon, limit: int, /) -> Swept:
        here = self._here
        gone = [grant.id for grant in here.grants.values() if _is_over(grant, horizon)][:limit]
        for grant_id in gone:
            del here.grants[grant_id]
        stale = [i for i, event in enumerate(here.events) if event.at < horizon.events_before][:limit]
        for index in reversed(stale):
            del here.events[index]
        return Swept(
            grants=len(gone),
            sessions=_drop(here.sessions, limit, lambda session: session.expires_at < horizon.now),
            claims=_drop(here.claims, limit, lambda expires_at: expires_at < horizon.now),
            attempts=_drop(here.attempts, limit, lambda b: b.updated_at < horizon.attempts_before),
            events=len(stale),
        )


def _is_over(grant: Grant, horizon: Horizon) -> bool:
    """Whether no token of this grant could still be taken for live. Idleness is never a reason to forget."""
    if grant.state is GrantState.PENDING:
        return grant.pending_expires_at < horizon.pending_before
    if grant.revocation is not None and grant.revocation.at < horizon.revoked_before:
        return True
    return 0 < grant.expires_at < horizon.expired_before


def _drop(table: dict[K, V], limit: int, is_over: Callable[[V], bool]) -> int:
    gone = list(islice((key for key, value in table.items() if is_over(value)), limit))
    for key in gone:
        del table[key]
    return len(gone)
