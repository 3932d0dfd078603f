"""A realm with one client and one user in it, and short ways to ask about it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from evergrant.core.facts import Client, Event, Grant, Realm, Subject
from evergrant.core.ports.ledger import Done, Events, Opened
from evergrant.core.ports.reader import EventFilter
from evergrant.core.ports.store import RealmStore, Store
from evergrant.protocol.values import GrantId
from evergrant.testing.store_contract.facts import a_client, a_realm, a_subject

MakeStore = Callable[[], Awaitable[Store]]


@dataclass(slots=True)
class Tenant:
    """One realm of a store, with client `web` and user `ada`."""

    store: Store
    realm: Realm
    here: RealmStore
    client: Client
    subject: Subject

    async def opened(self, grant: Grant, events: Events = ()) -> Grant:
        """Open this grant; it must go well."""
        outcome = await self.here.open_grant(grant, consent=None, room=None, events=events)
        assert outcome == Opened()
        return grant

    async def grant(self, grant_id: GrantId) -> Grant:
        """This grant as it is now."""
        facts = await self.here.grant(grant_id)
        assert facts is not None
        return facts.grant

    async def events(self) -> tuple[Event, ...]:
        """The audit trail, newest first."""
        return await self.here.events(EventFilter(), 1_000)

    async def version(self) -> int:
        """The version of the realm's configuration."""
        return (await self.here.realm()).version


async def settle(store: Store, realm: Realm) -> Tenant:
    """Create a realm with its client and user."""
    assert await store.create_realm(realm) == Done()
    here = store.realm_store(realm.id)
    client, subject = a_client(), a_subject()
    assert await here.add_client(client, events=()) == Done()
    assert await here.add_subject(subject, "$argon2id$before", events=()) == Done()
    return Tenant(store, realm, here, client, subject)


class Contract:
    """What the contracts share."""

    @pytest.fixture
    async def tenant(self, make_store: MakeStore) -> Tenant:
        return await settle(await make_store(), a_realm())
