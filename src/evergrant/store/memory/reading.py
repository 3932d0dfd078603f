"""The questions, answered from dictionaries."""

from evergrant.core.facts import (
    Client,
    Consent,
    Event,
    Grant,
    GrantFacts,
    Login,
    Realm,
    Resource,
    SessionFacts,
    StoredKey,
    Subject,
)
from evergrant.core.ports.reader import EventFilter, GrantFilter
from evergrant.core.usernames import normalise
from evergrant.protocol.values import ClientId, GrantId, SubjectId
from evergrant.store.memory.tables import RealmBound


class MemoryReader(RealmBound):
    """Reader on dictionaries."""

    async def grant(self, grant_id: GrantId, /) -> GrantFacts | None:
        grant = self._here.grants.get(grant_id)
        return None if grant is None else GrantFacts(grant, self._here.subjects.get(grant.subject))

    async def subject(self, subject: SubjectId, /) -> Subject | None:
        return self._here.subjects.get(subject)

    async def login(self, username: str, /) -> Login | None:
        wanted = normalise(username)
        for subject in self._here.subjects.values():
            if normalise(subject.username) == wanted:
                return Login(subject, self._here.passwords[subject.id])
        return None

    async def session(self, digest: bytes, /) -> SessionFacts | None:
        session = self._here.sessions.get(digest)
        return None if session is None else SessionFacts(session, self._here.subjects.get(session.subject))

    async def consent(self, subject: SubjectId, client_id: ClientId, /) -> Consent | None:
        return self._here.consents.get((subject, client_id))

    async def is_claimed(self, kind: str, claim: bytes, /) -> bool:
        return (kind, claim) in self._here.claims

    async def client(self, client_id: ClientId, /) -> Client | None:
        return self._here.clients.get(client_id)

    async def realm(self) -> Realm:
        return self._here.existing()

    async def resources(self) -> tuple[Resource, ...]:
        return tuple(sorted(self._here.resources.values(), key=lambda resource: resource.identifier))

    async def signing_keys(self) -> tuple[StoredKey, ...]:
        return tuple(sorted(self._here.keys.values(), key=lambda key: (key.created_at, key.kid)))

    async def clients(self) -> tuple[Client, ...]:
        return tuple(sorted(self._here.clients.values(), key=lambda client: client.id))

    async def subjects(self) -> tuple[Subject, ...]:
        return tuple(sorted(self._here.subjects.values(), key=lambda subject: normalise(subject.username)))

    async def grants(self, wanted: GrantFilter, limit: int, /) -> tuple[Grant, ...]:
        found = [
            grant
            for grant in self._here.grants.values()
            if wanted.subject in (None, grant.subject)
            and wanted.client_id in (None, grant.client_id)
            and wanted.session_id in (None, grant.session_id)
        ]
        found.sort(key=lambda grant: (grant.created_at, grant.id), reverse=True)
        return tuple(found[:limit])

    async def events(self, wanted: EventFilter, limit: int, /) -> tuple[Event, ...]:
        found = [
            event
            for event in reversed(self._here.events)
            if wanted.correlation_id in (None, event.correlation_id)
            and wanted.grant_id in (None, event.grant_id)
            and wanted.subject in (None, event.subject)
            and wanted.client_id in (None, event.client_id)
        ]
        return tuple(found[:limit])
