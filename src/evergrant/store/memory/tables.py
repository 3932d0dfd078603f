"""The tables as dictionaries, and what several verbs do to them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from evergrant.core.facts import (
    Client,
    Consent,
    Event,
    Grant,
    GrantState,
    Realm,
    Resource,
    Revocation,
    Session,
    StoredKey,
    Subject,
)
from evergrant.core.ports.ledger import Attempt, RevokeAll, RevokeWhere, Room
from evergrant.core.ports.reader import StoreUnavailable
from evergrant.core.reasons import Reason
from evergrant.protocol.values import ClientId, GrantId, Millis, RealmId, SubjectId


@dataclass(slots=True)
class Bucket:
    """A throttle bucket; `updated_at` is when it last leaked, in milliseconds."""

    tally: int
    updated_at: int

    def leak(self, attempt: Attempt, now: Millis) -> None:
        """Let out one count per whole `leak` that passed; the rest of the time counts towards the next."""
        leaks = max(0, now - self.updated_at) // attempt.leak
        if leaks >= self.tally:
            self.tally, self.updated_at = 0, max(now, self.updated_at)
        else:
            self.tally, self.updated_at = self.tally - leaks, self.updated_at + leaks * attempt.leak


@dataclass(slots=True)
class RealmTables:
    """Everything of one realm. `realm` is None until it is created."""

    realm: Realm | None = None
    clients: dict[ClientId, Client] = field(default_factory=dict)
    subjects: dict[SubjectId, Subject] = field(default_factory=dict)
    passwords: dict[SubjectId, str | None] = field(default_factory=dict, repr=False)
    resources: dict[str, Resource] = field(default_factory=dict)
    grants: dict[GrantId, Grant] = field(default_factory=dict)
    consents: dict[tuple[SubjectId, ClientId], Consent] = field(default_factory=dict)
    sessions: dict[bytes, Session] = field(default_factory=dict)
    claims: dict[tuple[str, bytes], Millis] = field(default_factory=dict)
    attempts: dict[bytes, Bucket] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    keys: dict[str, StoredKey] = field(default_factory=dict)

    def existing(self) -> Realm:
        """The realm's own row. Raises LookupError if nobody created it: a slip of the caller's."""
        if self.realm is None:
            raise LookupError("there is no such realm")
        return self.realm

    def move_version(self) -> None:
        realm = self.existing()
        self.realm = replace(realm, version=realm.version + 1)

    def forget_consents(self, gone: Callable[[Consent], bool]) -> None:
        self.consents = {key: consent for key, consent in self.consents.items() if not gone(consent)}

    def revoke(self, revoke: RevokeAll | None) -> int:
        """End every grant that one of the conditions matches; how many."""
        if revoke is None:
            return 0
        ended = 0
        for where in revoke.where:
            matching = [grant for grant in self.grants.values() if _matches(grant, where)]
            self.end(matching, revoke.revocation)
            ended += len(matching)
        return ended

    def end(self, grants: Iterable[Grant], revocation: Revocation) -> None:
        for grant in grants:
            self.grants[grant.id] = replace(grant, state=GrantState.REVOKED, revocation=revocation)

    def make_room(self, grant: Grant, room: Room) -> tuple[GrantId, ...]:
        """Revoke the least recently used active grants beside `grant` beyond `room.most`, with an event each."""
        others = [
            other
            for other in self.grants.values()
            if other.state is GrantState.ACTIVE
            and (other.subject, other.client_id) == (grant.subject, grant.client_id)
            and other.id != grant.id
        ]
        others.sort(key=lambda other: (other.used_at, other.id))
        surplus = others[: max(0, len(others) + 1 - room.most)]
        self.end(surplus, Revocation(room.event.at, "server", Reason.MADE_ROOM))
        self.events.extend(replace(room.event, grant_id=other.id) for other in surplus)
        return tuple(other.id for other in surplus)


def _matches(grant: Grant, where: RevokeWhere) -> bool:
    return (
        grant.state is not GrantState.REVOKED
        and where.subject in (None, grant.subject)
        and where.client_id in (None, grant.client_id)
        and where.session_id in (None, grant.session_id)
        and not (where.only_online and grant.offline)
        and grant.client_id not in where.except_clients
    )


@dataclass(slots=True)
class Tables:
    """All realms of one store."""

    realms: dict[RealmId, RealmTables] = field(default_factory=dict)
    closed: bool = False

    def of(self, realm: RealmId) -> RealmTables:
        """One realm's tables. Raises StoreUnavailable after `close`, as a database would."""
        if self.closed:
            raise StoreUnavailable("the store is closed")
        return self.realms.setdefault(realm, RealmTables())

    def has_grant(self, grant_id: GrantId) -> bool:
        """Whether any realm has a grant of this id: ids are unique in the whole store."""
        return any(grant_id in tables.grants for tables in self.realms.values())


class RealmBound:
    """Tables and a realm, given at construction so that no verb can forget it."""

    def __init__(self, tables: Tables, realm: RealmId) -> None:
        self._tables = tables
        self._realm = realm

    @property
    def _here(self) -> RealmTables:
        return self._tables.of(self._realm)
