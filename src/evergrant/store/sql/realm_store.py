"""Questions and verbs of one realm, handed to a runner. What they do is told in `core.ports`."""

from collections.abc import Sequence

from evergrant.core.facts import (
    Client,
    Consent,
    Event,
    Grant,
    GrantFacts,
    Login,
    Realm,
    Resource,
    Revocation,
    Session,
    SessionFacts,
    StoredKey,
    Subject,
)
from evergrant.core.ports.ledger import (
    Attempt,
    Done,
    Events,
    Exchange,
    GrantSeen,
    Horizon,
    Opened,
    Redelivery,
    Renewal,
    RevokeAll,
    Room,
    Saved,
    Superseded,
    Swept,
    Taken,
)
from evergrant.core.ports.reader import EventFilter, GrantFilter
from evergrant.protocol.values import ClientId, GrantId, Millis, RealmId, SubjectId
from evergrant.store.sql import audit, configuration, ending, grants, people, questions, reaper, signing_in
from evergrant.store.sql.hot.shapes import WantedClaim, WantedGrant, WantedRenewal
from evergrant.store.sql.runner import Runner


class _Bound:
    """A runner and a realm, given at construction so that no statement can forget it."""

    def __init__(self, runner: Runner, realm: RealmId) -> None:
        self._run = runner
        self._realm = realm


class SqlReader(_Bound):
    """Reader on SQL."""

    async def grant(self, grant_id: GrantId, /) -> GrantFacts | None:
        return await self._run.grant(WantedGrant(self._realm, grant_id))

    async def subject(self, subject: SubjectId, /) -> Subject | None:
        return await self._run.ask(questions.subject, self._realm, subject)

    async def login(self, username: str, /) -> Login | None:
        return await self._run.ask(questions.login, self._realm, username)

    async def session(self, digest: bytes, /) -> SessionFacts | None:
        return await self._run.ask(questions.session, self._realm, digest)

    async def consent(self, subject: SubjectId, client_id: ClientId, /) -> Consent | None:
        return await self._run.ask(questions.consent, self._realm, subject, client_id)

    async def is_claimed(self, kind: str, claim: bytes, /) -> bool:
        return await self._run.is_claimed(WantedClaim(self._realm, kind, claim))

    async def client(self, client_id: ClientId, /) -> Client | None:
        return await self._run.ask(questions.client, self._realm, client_id)

    async def realm(self) -> Realm:
        return await self._run.ask(questions.this_realm, self._realm)

    async def resources(self) -> tuple[Resource, ...]:
        return await self._run.ask(questions.all_resources, self._realm)

    async def signing_keys(self) -> tuple[StoredKey, ...]:
        return await self._run.ask(questions.all_keys, self._realm)

    async def clients(self) -> tuple[Client, ...]:
        return await self._run.ask(questions.all_clients, self._realm)

    async def subjects(self) -> tuple[Subject, ...]:
        return await self._run.ask(questions.all_subjects, self._realm)

    async def grants(self, wanted: GrantFilter, limit: int, /) -> tuple[Grant, ...]:
        return await self._run.ask(questions.some_grants, self._realm, wanted, limit)

    async def events(self, wanted: EventFilter, limit: int, /) -> tuple[Event, ...]:
        return await self._run.ask(questions.some_events, self._realm, wanted, limit)


class SqlGrants(_Bound):
    """The life of a grant."""

    async def open_grant(
        self, grant: Grant, /, *, consent: Consent | None, room: Room | None, events: Events
    ) -> Opened | Superseded:
        return await self._run.commit(grants.open_grant, self._realm, grant, consent, room, events)

    async def exchange(self, exchange: Exchange, /, *, room: Room, events: Events) -> Opened | Superseded:
        return await self._run.commit(grants.exchange, self._realm, exchange, room, events)

    async def renew(self, renewal: Renewal, /, *, events: Events) -> Done | Superseded:
        if events:
            return await self._run.commit(grants.renew, self._realm, renewal, events)
        return await self._run.renew(WantedRenewal(self._realm, renewal))

    async def touch(self, grant_id: GrantId, used_at: Millis, /) -> None:
        return await self._run.commit(grants.touch, self._realm, grant_id, used_at)

    async def redeliver(self, redelivery: Redelivery, /, *, events: Events) -> Done | Superseded:
        return await self._run.commit(grants.redeliver, self._realm, redelivery, events)

    async def revoke(
        self, grant_id: GrantId, revocation: Revocation, /, *, seen: GrantSeen | None, events: Events
    ) -> Done | Superseded:
        return await self._run.commit(grants.revoke, self._realm, grant_id, revocation, seen, events)

    async def revoke_all(self, revoke: RevokeAll, /, *, events: Events) -> Saved:
        return await self._run.commit(ending.revoke_all, self._realm, revoke, events)


class SqlSignIn(_Bound):
    """Single use, sign-in, audit and the reaper."""

    async def claim_once(self, kind: str, claim: bytes, expires_at: Millis, /, *, events: Events) -> Done | Taken:
        return await self._run.commit(signing_in.claim_once, self._realm, kind, claim, expires_at, events)

    async def count_attempts(self, attempts: Sequence[Attempt], now: Millis, /) -> tuple[int, ...]:
        return await self._run.commit(signing_in.count_attempts, self._realm, attempts, now)

    async def forgive_attempts(self, attempts: Sequence[Attempt], now: Millis, /) -> None:
        return await self._run.commit(signing_in.forgive_attempts, self._realm, attempts, now)

    async def start_session(self, session: Session, /, *, replaces: bytes | None, events: Events) -> Done | Superseded:
        return await self._run.commit(signing_in.start_session, self._realm, session, replaces, events)

    async def use_session(self, digest: bytes, used_at: Millis, /) -> None:
        return await self._run.commit(signing_in.use_session, self._realm, digest, used_at)

    async def end_session(self, digest: bytes, /, *, revoke: RevokeAll | None, events: Events) -> Saved:
        return await self._run.commit(signing_in.end_session, self._realm, digest, revoke, events)

    async def record(self, events: Events, /) -> None:
        return await self._run.commit(audit.write, self._realm, events)

    async def sweep(self, horizon: Horizon, limit: int, /) -> Swept:
        return await self._run.commit(reaper.sweep, self._realm, horizon, limit)


class SqlConfiguration(_Bound):
    """Clients, subjects, resources, the realm itself and its keys."""

    async def add_client(self, client: Client, /, *, events: Events) -> Done | Taken:
        return await self._run.commit(configuration.add_client, self._realm, client, events)

    async def save_client(self, client: Client, /, *, revoke: RevokeAll | None, events: Events) -> Saved | Superseded:
        return await self._run.commit(configuration.save_client, self._realm, client, revoke, events)

    async def delete_client(self, client_id: ClientId, /, *, revoke: RevokeAll, events: Events) -> Saved | Superseded:
        return await self._run.commit(configuration.delete_client, self._realm, client_id, revoke, events)

    async def add_subject(self, subject: Subject, password_hash: str | None, /, *, events: Events) -> Done | Taken:
        return await self._run.commit(people.add_subject, self._realm, subject, password_hash, events)

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
        return await self._run.commit(
            people.save_subject, self._realm, subject, password_hash, end_sessions, revoke, events
        )

    async def delete_subject(self, subject: SubjectId, /, *, revoke: RevokeAll, events: Events) -> Saved | Superseded:
        return await self._run.commit(people.delete_subject, self._realm, subject, revoke, events)

    async def rehash(self, subject: SubjectId, before: str, after: str, /) -> None:
        return await self._run.commit(people.rehash, self._realm, subject, before, after)

    async def add_resource(self, resource: Resource, /, *, events: Events) -> Done | Taken:
        return await self._run.commit(configuration.add_resource, self._realm, resource, events)

    async def delete_resource(self, identifier: str, /, *, events: Events) -> Done | Superseded:
        return await self._run.commit(configuration.delete_resource, self._realm, identifier, events)

    async def save_realm(self, realm: Realm, /, *, events: Events) -> Done | Superseded:
        return await self._run.commit(configuration.save_realm, self._realm, realm, events)

    async def save_keys(self, keys: Sequence[StoredKey], /, *, version: int, events: Events) -> Done | Superseded:
        return await self._run.commit(configuration.save_keys, self._realm, keys, version, events)

    async def drop_keys(self, before: Millis, /) -> int:
        return await self._run.commit(configuration.drop_keys, self._realm, before)


class SqlRealm(SqlReader, SqlGrants, SqlSignIn, SqlConfiguration):
    """A RealmStore on SQL."""
