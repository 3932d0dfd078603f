"""The store's transactional verbs. Each is one transaction, says what it relied on, and returns an outcome to match.

Only `server.engine`, `store` and `app.wiring` may import this module (import-linter proves it). Every verb may raise
StoreUnavailable, which leaves the outcome unknown. `events` are written in the same transaction as the change, and
only if the change happened, unless a verb says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from evergrant.core.facts import (
    Caller,
    Client,
    Consent,
    Event,
    Grant,
    Realm,
    Resource,
    Revocation,
    Session,
    StoredKey,
    Subject,
)
from evergrant.protocol.record import record
from evergrant.protocol.values import ClientId, GrantId, Millis, SubjectId

Events = Sequence[Event]


# --- outcomes -----------------------------------------------------------------


@record
class Done:
    """It is as asked, and durable."""


@dataclass(frozen=True, slots=True)
class Superseded:
    """A fact it relied on no longer holds. Nothing was written; read and judge again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The name or id is in use. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Opened:
    """`made_room`: the least recently used grants, revoked to stay within `max_grants`."""

    made_room: tuple[GrantId, ...] = ()


@dataclass(frozen=True, slots=True)
class Saved:
    """`revoked`: how many grants the change ended."""

    revoked: int = 0


# --- what a verb relies on and wants --------------------------------------------


@dataclass(frozen=True, slots=True)
class Room:
    """At most `most` active grants for this subject and client, the new one included; others go, with an event each.

    The store writes one GRANT_REVOKED event (reason `made_room`) per grant it ends, copied from `event`.
    """

    most: int
    event: Event


@dataclass(frozen=True, slots=True)
class Exchange:
    """The step 0 -> 1, on condition that it is pending at generation 0. Clears pending details, not the challenge."""

    grant_id: GrantId
    key_id: int
    secret_digest: bytes
    expires_at: Millis
    at: Millis
    caller: Caller


@record
class Renewal:
    """A renewal on condition `state = 'active' AND generation = :generation AND renewed_at = :renewed_at`.

    `to` is a value, not an increment: a generation ahead of the store is adopted (row 8). `adopts`: then the retry
    bits start afresh and the one before became current now; else the bits shift by one and
    `previous_renewed_at` takes the old `renewed_at`.
    """

    grant_id: GrantId
    generation: int
    renewed_at: Millis
    to: int
    adopts: bool
    key_id: int
    at: Millis
    caller: Caller


@dataclass(frozen=True, slots=True)
class Redelivery:
    """Retry bits, on condition that generation and bits are as read and the grant is active."""

    grant_id: GrantId
    generation: int
    retries: int
    to: int


@dataclass(frozen=True, slots=True)
class GrantSeen:
    """The facts a judged revocation relied on; None where nothing but the grant's existence matters."""

    generation: int
    renewed_at: Millis
    used_at: Millis


@dataclass(frozen=True, slots=True)
class RevokeWhere:
    """Which grants a change ends: all fields that are set must match. Pending and active ones only."""

    subject: SubjectId | None = None
    client_id: ClientId | None = None
    session_id: str | None = None
    only_online: bool = False
    except_clients: frozenset[ClientId] = frozenset()


@dataclass(frozen=True, slots=True)
class RevokeAll:
    """Ends grants together with the change it travels with; one statement per `where`."""

    where: tuple[RevokeWhere, ...]
    revocation: Revocation


@dataclass(frozen=True, slots=True)
class Attempt:
    """A throttle bucket to count in: it leaks one count per `leak` milliseconds; `key` is a digest."""

    key: bytes
    leak: int


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows of each kind the reaper deleted."""

    grants: int = 0
    sessions: int = 0
    claims: int = 0
    attempts: int = 0
    events: int = 0


@dataclass(frozen=True, slots=True)
class Horizon:
    """Before which times things may go (design: "The reaper"). Milliseconds UTC."""

    pending_before: Millis  # pending grants whose own end lies before
    expired_before: Millis  # grants whose absolute end lies before
    revoked_before: Millis  # revoked grants that ended before
    now: Millis  # sessions, claims
    attempts_before: Millis
    events_before: Millis


class Ledger(Protocol):
    """Verbs on one realm."""

    # the life of a grant

    async def open_grant(
        self, grant: Grant, /, *, consent: Consent | None, room: Room | None, events: Events
    ) -> Opened | Superseded:
        """Insert, on condition that subject, client and realm exist, are enabled, and have the epochs in the grant.

        The rows it relied on are locked (shared) until the end, so that a change of status either comes before and is
        seen, or after and finds the grant. `consent` is remembered in the same transaction.
        """
        ...

    async def exchange(self, exchange: Exchange, /, *, room: Room, events: Events) -> Opened | Superseded: ...

    async def renew(self, renewal: Renewal, /, *, events: Events) -> Done | Superseded: ...

    async def touch(self, grant_id: GrantId, used_at: Millis, /) -> None:
        """Move `used_at` forward (never back) on an active grant; for policies that keep the token."""
        ...

    async def redeliver(self, redelivery: Redelivery, /, *, events: Events) -> Done | Superseded: ...

    async def revoke(
        self, grant_id: GrantId, revocation: Revocation, /, *, seen: GrantSeen | None, events: Events
    ) -> Done | Superseded:
        """End a grant. Superseded: it is gone, already revoked, or differs from `seen`."""
        ...

    async def revoke_all(self, revoke: RevokeAll, /, *, events: Events) -> Saved: ...

    # single use, sign-in, audit

    async def claim_once(self, kind: str, claim: bytes, expires_at: Millis, /, *, events: Events) -> Done | Taken:
        """Take `claim` for its kind; it may be forgotten after `expires_at`. Also the list of revoked `jti`s."""
        ...

    async def count_attempts(self, attempts: Sequence[Attempt], now: Millis, /) -> tuple[int, ...]:
        """Count one in each bucket, atomically, and return each count including this one."""
        ...

    async def forgive_attempts(self, attempts: Sequence[Attempt], now: Millis, /) -> None:
        """Take one back from each bucket (a success was counted before it was known to be one)."""
        ...

    async def start_session(self, session: Session, /, *, replaces: bytes | None, events: Events) -> Done | Superseded:
        """Insert a session (and delete the one it replaces). Superseded: the subject is gone or disabled."""
        ...

    async def use_session(self, digest: bytes, used_at: Millis, /) -> None: ...

    async def end_session(self, digest: bytes, /, *, revoke: RevokeAll | None, events: Events) -> Saved: ...

    async def record(self, events: Events, /) -> None: ...

    # configuration; each moves the realm's version

    async def add_client(self, client: Client, /, *, events: Events) -> Done | Taken: ...

    async def save_client(self, client: Client, /, *, revoke: RevokeAll | None, events: Events) -> Saved | Superseded:
        """Replace, on condition `revision = client.revision`; the stored revision is one more."""
        ...

    async def delete_client(self, client_id: ClientId, /, *, revoke: RevokeAll, events: Events) -> Saved | Superseded:
        """Delete client and its consents, end its grants. Superseded: there is none."""
        ...

    async def add_subject(self, subject: Subject, password_hash: str | None, /, *, events: Events) -> Done | Taken: ...

    async def save_subject(
        self,
        subject: Subject,
        /,
        *,
        password_hash: str | None,
        end_sessions: bool,
        revoke: RevokeAll | None,
        events: Events,
    ) -> Saved | Superseded:
        """Replace, on condition `revision = subject.revision`; `password_hash` None keeps the one there is.

        Superseded also if somebody else has the user name by now.
        """
        ...

    async def delete_subject(self, subject: SubjectId, /, *, revoke: RevokeAll, events: Events) -> Saved | Superseded:
        """Delete subject, sessions and consents, end its grants. Superseded: there is none."""
        ...

    async def rehash(self, subject: SubjectId, before: str, after: str, /) -> None:
        """Replace a password hash by a stronger one of the same password, unless it changed meanwhile.

        Nothing that anybody reads changes, so neither the subject's revision nor the realm's version moves.
        """
        ...

    async def add_resource(self, resource: Resource, /, *, events: Events) -> Done | Taken: ...

    async def delete_resource(self, identifier: str, /, *, events: Events) -> Done | Superseded: ...

    async def save_realm(self, realm: Realm, /, *, events: Events) -> Done | Superseded:
        """Replace policy and epoch, on condition `version = realm.version`."""
        ...

    async def save_keys(self, keys: Sequence[StoredKey], /, *, version: int, events: Events) -> Done | Superseded:
        """Insert or replace these signing keys, on condition that the realm's version is `version`."""
        ...

    async def drop_keys(self, before: Millis, /) -> int:
        """Forget keys whose `removed_at` lies before."""
        ...

    # the reaper

    async def sweep(self, horizon: Horizon, limit: int, /) -> Swept:
        """Delete at most `limit` rows of each kind."""
        ...


class RealmLedger(Protocol):
    """Verbs on the list of realms."""

    async def create_realm(self, realm: Realm, /) -> Done | Taken: ...
