"""Configuration in process memory: one look at the version a second, no read besides."""

from dataclasses import replace

import pytest

from evergrant.core.facts import Client, Realm, Resource
from evergrant.core.policy import MINUTE
from evergrant.protocol.values import ClientId
from evergrant.server.catalog import MOST_MISSING, Catalog
from evergrant.store.memory.store import MemoryRealm
from evergrant.testing.clock import ManualClock
from tests.unit.server.records import REALM, WEB, a_client, a_resource


class Counted:
    """The real store, and how often each question was asked."""

    def __init__(self, store: MemoryRealm) -> None:
        self.store = store
        self.asked: list[str] = []

    async def realm(self) -> Realm:
        self.asked.append("realm")
        return await self.store.realm()

    async def client(self, client_id: ClientId, /) -> Client | None:
        self.asked.append(f"client {client_id}")
        return await self.store.client(client_id)

    async def resources(self) -> tuple[Resource, ...]:
        self.asked.append("resources")
        return await self.store.resources()


@pytest.fixture
async def counted(realm_store: MemoryRealm) -> Counted:
    await realm_store.add_client(a_client(), events=())
    await realm_store.add_resource(a_resource(read="Read."), events=())
    return Counted(realm_store)


@pytest.fixture
def catalog(counted: Counted, clock: ManualClock) -> Catalog:
    return Catalog(counted, REALM, clock)


async def test_a_second_request_reads_nothing(catalog: Catalog, counted: Counted) -> None:
    for _ in range(3):
        client = await catalog.client(WEB)
        assert client is not None
        await catalog.policy(client)
        await catalog.resources()
        await catalog.realm()

    assert counted.asked == ["realm", f"client {WEB}", "resources"]


async def test_an_unchanged_realm_keeps_what_is_known_for_ever(
    catalog: Catalog, counted: Counted, clock: ManualClock
) -> None:
    await catalog.client(WEB)
    clock.advance(3_600_000)
    await catalog.client(WEB)

    assert counted.asked == ["realm", f"client {WEB}", "realm"]


async def test_a_client_disabled_elsewhere_is_disabled_here_within_a_second(
    catalog: Catalog, counted: Counted, clock: ManualClock
) -> None:
    await catalog.client(WEB)
    await counted.store.save_client(replace(a_client(), disabled=True), revoke=None, events=())
    clock.advance(1_000)

    client = await catalog.client(WEB)

    assert client is not None
    assert client.disabled


async def test_a_change_made_here_is_felt_at_once(catalog: Catalog, counted: Counted) -> None:
    await catalog.resources()
    await counted.store.delete_resource("https://api.example", events=())
    catalog.forget()

    assert await catalog.resources() == {}


async def test_a_realm_policy_changed_elsewhere_reaches_every_client(
    catalog: Catalog, counted: Counted, clock: ManualClock
) -> None:
    client = await catalog.client(WEB)
    assert client is not None
    before = await catalog.policy(client)
    realm = await counted.store.realm()
    await counted.store.save_realm(replace(realm, policy={"access_token_lifetime": MINUTE}), events=())
    clock.advance(1_000)

    after = await catalog.policy(client)

    assert (before.access_token_lifetime, after.access_token_lifetime) == (15 * MINUTE, MINUTE)


async def test_the_policy_is_that_of_the_client_it_is_asked_for(catalog: Catalog) -> None:
    client = await catalog.client(WEB)
    assert client is not None
    await catalog.policy(client)

    other = await catalog.policy(replace(client, policy={"max_grants": 1}))

    assert (other.max_grants, (await catalog.policy(client)).max_grants) == (1, 200)


async def test_an_unknown_client_is_looked_up_once(catalog: Catalog, counted: Counted) -> None:
    assert [await catalog.client(ClientId("nobody")) for _ in range(3)] == [None, None, None]
    assert counted.asked.count("client nobody") == 1


async def test_made_up_ids_neither_fill_the_memory_nor_push_clients_out_of_it(
    catalog: Catalog, counted: Counted
) -> None:
    await catalog.client(WEB)
    for number in range(MOST_MISSING + 1):
        await catalog.client(ClientId(f"made-up-{number}"))
    counted.asked.clear()

    await catalog.client(WEB)
    await catalog.client(ClientId(f"made-up-{MOST_MISSING}"))
    await catalog.client(ClientId("made-up-0"))

    assert counted.asked == ["client made-up-0"]
