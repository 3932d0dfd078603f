"""Signing keys in the store: made once however many processes start, rotated at once or on schedule."""

import asyncio
from dataclasses import replace

import pytest

from evergrant.core.credential import MasterKeys
from evergrant.core.facts import EventKind
from evergrant.core.policy import DAY
from evergrant.core.ports.reader import EventFilter
from evergrant.server.engine.keys import Keys
from evergrant.server.keyring import Keyring
from evergrant.store.memory.store import MemoryRealm
from evergrant.testing.chance import Chance
from evergrant.testing.clock import ManualClock
from tests.unit.server.records import CALL, REALM, a_client


@pytest.fixture
def keys(realm_store: MemoryRealm, masters: MasterKeys, clock: ManualClock, chance: Chance) -> Keys:
    return Keys(realm_store, masters, clock, chance)


@pytest.fixture
def ring(realm_store: MemoryRealm, masters: MasterKeys, clock: ManualClock) -> Keyring:
    return Keyring(realm_store, REALM, masters, clock)


async def test_a_new_realm_can_sign_with_both_algorithms(keys: Keys, ring: Keyring) -> None:
    made = await keys.ensure(CALL)

    signers = {(await ring.signing_key("ES256")).kid, (await ring.signing_key("RS256")).kid}
    assert signers == {key.kid for key in made}


async def test_a_second_start_makes_nothing(keys: Keys) -> None:
    await keys.ensure(CALL)

    assert await keys.ensure(CALL) == ()


async def test_several_processes_that_start_together_make_one_pair(
    realm_store: MemoryRealm, masters: MasterKeys, clock: ManualClock
) -> None:
    processes = [Keys(realm_store, masters, clock, Chance(seed)) for seed in range(4)]

    made = await asyncio.gather(*(process.ensure(CALL) for process in processes))

    assert sum(len(keys) for keys in made) == 2
    assert {key.alg for key in await realm_store.signing_keys()} == {"ES256", "RS256"}


async def test_rotation_on_schedule_is_published_first_and_signs_later(
    keys: Keys, ring: Keyring, clock: ManualClock
) -> None:
    first = {key.kid for key in await keys.ensure(CALL)}
    clock.advance(89 * DAY)
    made = {key.kid for key in await keys.ensure(CALL)}

    published = {key.kid for key in await ring.published()}
    today = (await ring.signing_key("ES256")).kid
    clock.advance(DAY)
    tomorrow = (await ring.signing_key("ES256")).kid

    assert published == first | made
    assert (today in first, tomorrow in made) == (True, True)


async def test_rotate_takes_effect_in_the_same_moment(keys: Keys, ring: Keyring) -> None:
    before = {key.kid for key in await keys.ensure(CALL)}
    made = {key.kid for key in await keys.rotate(CALL)}

    signer = (await ring.signing_key("ES256")).kid

    assert signer in made
    assert {key.kid for key in await ring.published()} == before | made


async def test_a_retired_key_outlives_the_longest_access_token_of_any_client(
    keys: Keys, realm_store: MemoryRealm, clock: ManualClock
) -> None:
    patient = replace(a_client(), policy={"access_token_lifetime": 5 * DAY})
    await realm_store.add_client(patient, events=())
    await keys.ensure(CALL)
    await keys.rotate(CALL)

    removed = {key.removed_at for key in await realm_store.signing_keys() if key.retires_at is not None}

    assert removed == {clock() + 6 * DAY}


async def test_every_new_key_is_an_event_in_the_same_transaction(keys: Keys, realm_store: MemoryRealm) -> None:
    made = await keys.ensure(CALL)

    events = await realm_store.events(EventFilter(correlation_id=CALL.correlation_id), 10)

    assert [event.kind for event in events] == [EventKind.KEY_ROTATED] * 2
    assert {event.detail["kid"] for event in events} == {key.kid for key in made}


async def test_the_listing_tells_what_each_key_does(keys: Keys, clock: ManualClock) -> None:
    await keys.ensure(CALL)
    clock.advance(89 * DAY)
    await keys.ensure(CALL)

    assert [found.status for found in await keys.listing()] == ["active", "active", "next", "next"]
    clock.advance(DAY)
    assert [found.status for found in await keys.listing()] == ["retired", "retired", "active", "active"]
    clock.advance(2 * DAY)
    assert [found.status for found in await keys.listing()] == ["removed", "removed", "active", "active"]


async def test_keys_that_left_long_ago_are_forgotten(keys: Keys, realm_store: MemoryRealm, clock: ManualClock) -> None:
    old = {key.kid for key in await keys.ensure(CALL)}
    await keys.rotate(CALL)
    clock.advance(403 * DAY)

    await keys.ensure(CALL)

    assert old.isdisjoint(key.kid for key in await realm_store.signing_keys())
