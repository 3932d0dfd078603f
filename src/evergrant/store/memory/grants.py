"""The life of a grant on dictionaries: first every condition, then every change, so that a verb is all or nothing."""

from dataclasses import replace

from evergrant.core.facts import Consent, Grant, GrantState, Revocation
from evergrant.core.ports.ledger import (
    Done,
    Events,
    Exchange,
    GrantSeen,
    Opened,
    Redelivery,
    Renewal,
    RevokeAll,
    Room,
    Saved,
    Superseded,
)
from evergrant.core.streak import next_retries
from evergrant.protocol.values import GrantId, Millis
from evergrant.store.memory.tables import RealmBound, RealmTables


class MemoryGrants(RealmBound):
    """The verbs on grants."""

    async def open_grant(
        self, grant: Grant, /, *, consent: Consent | None, room: Room | None, events: Events
    ) -> Opened | Superseded:
        here = self._here
        if not _may_open(here, grant) or self._tables.has_grant(grant.id):
            return Superseded()
        here.grants[grant.id] = grant
        if consent is not None:
            here.consents[consent.subject, consent.client_id] = consent
        here.events.extend(events)
        return Opened(here.make_room(grant, room) if room is not None else ())

    async def exchange(self, exchange: Exchange, /, *, room: Room, events: Events) -> Opened | Superseded:
        here = self._here
        grant = here.grants.get(exchange.grant_id)
        if grant is None or (grant.state, grant.generation) != (GrantState.PENDING, 0):
            return Superseded()
        here.grants[grant.id] = replace(
            grant,
            state=GrantState.ACTIVE,
            generation=1,
            key_id=exchange.key_id,
            secret_digest=exchange.secret_digest,
            previous_renewed_at=grant.renewed_at,
            renewed_at=exchange.at,
            used_at=exchange.at,
            expires_at=exchange.expires_at,
            retries=0,
            redirect_uri=None,
            nonce=None,
            seen=exchange.caller,
        )
        here.events.extend(events)
        return Opened(here.make_room(grant, room))

    async def renew(self, renewal: Renewal, /, *, events: Events) -> Done | Superseded:
        here = self._here
        grant = _active(here, renewal.grant_id)
        if grant is None or (grant.generation, grant.renewed_at) != (renewal.generation, renewal.renewed_at):
            return Superseded()
        here.grants[grant.id] = replace(
            grant,
            generation=renewal.to,
            key_id=renewal.key_id,
            previous_renewed_at=renewal.at if renewal.adopts else grant.renewed_at,
            renewed_at=renewal.at,
            used_at=renewal.at,
            retries=0 if renewal.adopts else next_retries(grant.retries),
            seen=renewal.caller,
        )
        here.events.extend(events)
        return Done()

    async def touch(self, grant_id: GrantId, used_at: Millis, /) -> None:
        grant = _active(self._here, grant_id)
        if grant is not None and grant.used_at < used_at:
            self._here.grants[grant_id] = replace(grant, used_at=used_at)

    async def redeliver(self, redelivery: Redelivery, /, *, events: Events) -> Done | Superseded:
        here = self._here
        grant = _active(here, redelivery.grant_id)
        read = (redelivery.generation, redelivery.retries)
        if grant is None or (grant.generation, grant.retries) != read:
            return Superseded()
        here.grants[grant.id] = replace(grant, retries=redelivery.to)
        here.events.extend(events)
        return Done()

    async def revoke(
        self, grant_id: GrantId, revocation: Revocation, /, *, seen: GrantSeen | None, events: Events
    ) -> Done | Superseded:
        here = self._here
        grant = here.grants.get(grant_id)
        if grant is None or grant.state is GrantState.REVOKED:
            return Superseded()
        if seen is not None and seen != GrantSeen(grant.generation, grant.renewed_at, grant.used_at):
            return Superseded()
        here.end([grant], revocation)
        here.events.extend(events)
        return Done()

    async def revoke_all(self, revoke: RevokeAll, /, *, events: Events) -> Saved:
        here = self._here
        ended = here.revoke(revoke)
        here.events.extend(events)
        return Saved(ended)


def _may_open(here: RealmTables, grant: Grant) -> bool:
    """Whether realm, client and subject are as they were when the grant was decided, and enabled."""
    realm = here.realm
    client = here.clients.get(grant.client_id)
    subject = here.subjects.get(grant.subject)
    if realm is None or client is None or subject is None or client.disabled or subject.disabled:
        return False
    return (realm.epoch, client.epoch, subject.epoch) == (
        grant.epochs.realm,
        grant.epochs.client,
        grant.epochs.subject,
    )


def _active(here: RealmTables, grant_id: GrantId) -> Grant | None:
    grant = here.grants.get(grant_id)
    return grant if grant is not None and grant.state is GrantState.ACTIVE else None
