"""Realm, clients, subjects, resources and keys on dictionaries. Each change moves the realm's version."""

from collections.abc import Sequence
from dataclasses import replace

from evergrant.core.facts import Client, Realm, Resource, StoredKey, Subject
from evergrant.core.ports.ledger import Done, Events, RevokeAll, Saved, Superseded, Taken
from evergrant.core.usernames import normalise
from evergrant.protocol.values import ClientId, Millis, SubjectId
from evergrant.store.memory.tables import RealmBound


class MemoryConfiguration(RealmBound):
    """The verbs of configuration."""

    async def add_client(self, client: Client, /, *, events: Events) -> Done | Taken:
        if client.id in self._here.clients:
            return Taken()
        self._changed(events)
        self._here.clients[client.id] = client
        return Done()

    async def save_client(self, client: Client, /, *, revoke: RevokeAll | None, events: Events) -> Saved | Superseded:
        stored = self._here.clients.get(client.id)
        if stored is None or stored.revision != client.revision:
            return Superseded()
        self._changed(events)
        self._here.clients[client.id] = replace(client, revision=client.revision + 1)
        return Saved(self._here.revoke(revoke))

    async def delete_client(self, client_id: ClientId, /, *, revoke: RevokeAll, events: Events) -> Saved | Superseded:
        here = self._here
        if here.clients.pop(client_id, None) is None:
            return Superseded()
        self._changed(events)
        here.forget_consents(lambda consent: consent.client_id == client_id)
        return Saved(here.revoke(revoke))

    async def add_subject(self, subject: Subject, password_hash: str | None, /, *, events: Events) -> Done | Taken:
        here = self._here
        if subject.id in here.subjects or self._is_named(subject):
            return Taken()
        self._changed(events)
        here.subjects[subject.id] = subject
        here.passwords[subject.id] = password_hash
        return Done()

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
        here = self._here
        stored = here.subjects.get(subject.id)
        if stored is None or stored.revision != subject.revision or self._is_named(subject):
            return Superseded()
        self._changed(events)
        here.subjects[subject.id] = replace(subject, revision=subject.revision + 1)
        if password_hash is not None:
            here.passwords[subject.id] = password_hash
        if end_sessions:
            self._end_sessions(subject.id)
        return Saved(here.revoke(revoke))

    async def delete_subject(self, subject: SubjectId, /, *, revoke: RevokeAll, events: Events) -> Saved | Superseded:
        here = self._here
        if here.subjects.pop(subject, None) is None:
            return Superseded()
        self._changed(events)
        del here.passwords[subject]
        self._end_sessions(subject)
        here.forget_consents(lambda consent: consent.subject == subject)
        return Saved(here.revoke(revoke))

    async def rehash(self, subject: SubjectId, before: str, after: str, /) -> None:
        if self._here.passwords.get(subject) == before:
            self._here.passwords[subject] = after

    async def add_resource(self, resource: Resource, /, *, events: Events) -> Done | Taken:
        if resource.identifier in self._here.resources:
            return Taken()
        self._changed(events)
        self._here.resources[resource.identifier] = resource
        return Done()

    async def delete_resource(self, identifier: str, /, *, events: Events) -> Done | Superseded:
        if self._here.resources.pop(identifier, None) is None:
            return Superseded()
        self._changed(events)
        return Done()

    async def save_realm(self, realm: Realm, /, *, events: Events) -> Done | Superseded:
        stored = self._here.realm
        if stored is None or stored.version != realm.version:
            return Superseded()
        self._here.realm = replace(stored, policy=realm.policy, epoch=realm.epoch, epoch_event=realm.epoch_event)
        self._changed(events)
        return Done()

    async def save_keys(self, keys: Sequence[StoredKey], /, *, version: int, events: Events) -> Done | Superseded:
        if self._here.realm is None or self._here.realm.version != version:
            return Superseded()
        self._here.keys.update({key.kid: key for key in keys})
        self._changed(events)
        return Done()

    async def drop_keys(self, before: Millis, /) -> int:
        here = self._here
        gone = [kid for kid, k in here.keys.items() if k.removed_at is not None and k.removed_at < before]
        for kid in gone:
            del here.keys[kid]
        if gone:
            self._changed(())
        return len(gone)

    def _changed(self, events: Events) -> None:
        self._here.move_version()
        self._here.events.extend(events)

    def _is_named(self, subject: Subject) -> bool:
        """Whether somebody else has this subject's user name."""
        wanted = normalise(subject.username)
        return any(
            other.id != subject.id and normalise(other.username) == wanted for other in self._here.subjects.values()
        )

    def _end_sessions(self, subject: SubjectId) -> None:
        here = self._here
        here.sessions = {d: session for d, session in here.sessions.items() if session.subject != subject}
