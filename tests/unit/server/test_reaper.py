"""The reaper takes what is over, and never a row that could still detect reuse of an unexpired token."""

import asyncio
from dataclasses import replace

import pytest

from evergrant.core.access import Asked
from evergrant.core.credential import Credentials, Kind, MasterKeys, Presented, secret_digest
from evergrant.core.decisions import Refuse, Revoke, Verdict
from evergrant.core.facts import Event, EventKind, Grant, GrantState, Revocation
from evergrant.core.grant import Case, Proof, judge
from evergrant.core.policy import DAY, MINUTE, Policy
from evergrant.core.ports.ledger import Done, Renewal, Swept
from evergrant.core.reasons import Reason
from evergrant.protocol.values import CorrelationId, GrantId, Millis
from evergrant.server.engine.reaper import Reaper, Retention, horizon
from evergrant.store.memory.store import MemoryRealm
from evergrant.testing.clock import START, ManualClock
from tests.unit.server.records import ISSUER, REALM, a_client, a_grant, a_realm, a_subject

HOUR = 60 * MINUTE
SECRET = b"s" * 16


@pytest.fixture
def reaper(realm_store: MemoryRealm, clock: ManualClock) -> Reaper:
    return Reaper(realm_store, clock)


@pytest.fixture(autouse=True)
async def registered(realm_store: MemoryRealm) -> None:
    await realm_store.add_client(a_client(), events=())
    await realm_store.add_subject(a_subject(), None, events=())


async def opened(store: MemoryRealm, grant: Grant) -> Grant:
    await store.open_grant(grant, consent=None, room=None, events=())
    return grant


async def is_there(store: MemoryRealm, grant: Grant) -> bool:
    return await store.grant(grant.id) is not None


def pending(number: int = 1) -> Grant:
    return replace(
        a_grant(number), state=GrantState.PENDING, generation=0, expires_at=Millis(0), secret_digest=b"c" * 32
    )


async def test_a_code_that_nobody_exchanged_goes_an_hour_after_its_end(
    realm_store: MemoryRealm, reaper: Reaper, clock: ManualClock
) -> None:
    grant = await opened(realm_store, pending())

    clock.set(Millis(grant.pending_expires_at + HOUR))
    assert await reaper.run_once() == Swept()
    clock.advance(1)
    assert await reaper.run_once() == Swept(grants=1)


async def test_an_idle_grant_stays_until_its_absolute_end(
    realm_store: MemoryRealm, reaper: Reaper, clock: ManualClock
) -> None:
    grant = await opened(realm_store, a_grant())

    clock.set(grant.expires_at)
    await reaper.run_once()
    assert await is_there(realm_store, grant)

    clock.advance(15 * MINUTE + 1)
    await reaper.run_once()
    assert not await is_there(realm_store, grant)


async def test_a_grant_outlives_the_longest_access_token_of_the_realm(
    realm_store: MemoryRealm, reaper: Reaper, clock: ManualClock
) -> None:
    grant = await opened(realm_store, a_grant())
    await realm_store.add_client(replace(a_client("slow"), policy={"access_token_lifetime": 3 * DAY}), events=())

    clock.set(Millis(grant.expires_at + 3 * DAY))
    await reaper.run_once()

    assert await is_there(realm_store, grant)


async def test_a_longer_lifetime_set_between_two_rounds_is_noticed(
    realm_store: MemoryRealm, reaper: Reaper, clock: ManualClock
) -> None:
    await reaper.run_once()
    await realm_store.save_client(
        replace(a_client(), policy={"access_token_lifetime": 3 * DAY}), revoke=None, events=()
    )
    grant = await opened(realm_store, a_grant())

    clock.set(Millis(grant.expires_at + DAY))
    await reaper.run_once()

    assert await is_there(realm_store, grant)


async def test_a_revoked_grant_stays_for_a_day(realm_store: MemoryRealm, reaper: Reaper, clock: ManualClock) -> None:
    grant = await opened(realm_store, a_grant())
    await realm_store.revoke(grant.id, Revocation(START, "operator", Reason.BY_OPERATOR), seen=None, events=())

    clock.advance(DAY)
    await reaper.run_once()
    assert await is_there(realm_store, grant)

    clock.advance(1)
    await reaper.run_once()
    assert not await is_there(realm_store, grant)


async def renewed(store: MemoryRealm, grant_id: GrantId, generations: int, clock: ManualClock) -> None:
    """The grant after so many renewals, a minute and a bit apart."""
    for generation in range(1, generations + 1):
        facts = await store.grant(grant_id)
        assert facts is not None
        clock.advance(61_000)
        step = Renewal(
            grant_id, generation, facts.grant.renewed_at, generation + 1, False, 1, clock(), facts.grant.seen
        )
        assert await store.renew(step, events=()) == Done()


async def judged(store: MemoryRealm, presented: Presented | None, clock: ManualClock) -> Verdict:
    assert presented is not None
    return judge(
        Case(
            presented=presented,
            kind=Kind.REFRESH,
            facts=await store.grant(presented.grant_id),
            client=a_client(),
            realm=a_realm(),
            policy=Policy(),
            proof=Proof(),
            asked=Asked(None, ()),
            resources={},
            issuer=ISSUER,
            caller=a_grant().seen,
            now=clock(),
        )
    )


@pytest.mark.parametrize("replayed", range(1, 6))
async def test_every_earlier_generation_ends_a_living_grant_after_the_reaper_came(
    realm_store: MemoryRealm, reaper: Reaper, clock: ManualClock, masters: MasterKeys, replayed: int
) -> None:
    """S-031"""
    credentials = Credentials(REALM, masters)
    grant = replace(a_grant(), secret_digest=secret_digest(a_grant().id, SECRET))
    await opened(realm_store, grant)
    await renewed(realm_store, grant.id, 5, clock)
    clock.advance(13 * DAY)
    await reaper.run_once()

    token = credentials.seal(Kind.REFRESH, 1, grant.id, SECRET, replayed)
    verdict = await judged(realm_store, credentials.open(token, Kind.REFRESH), clock)

    assert isinstance(verdict, Revoke)
    assert verdict.reason is Reason.REUSED


@pytest.mark.parametrize("replayed", range(1, 7))
async def test_once_the_row_is_gone_every_generation_is_refused(
    realm_store: MemoryRealm, reaper: Reaper, clock: ManualClock, masters: MasterKeys, replayed: int
) -> None:
    credentials = Credentials(REALM, masters)
    grant = replace(a_grant(), secret_digest=secret_digest(a_grant().id, SECRET))
    await opened(realm_store, grant)
    await renewed(realm_store, grant.id, 5, clock)
    clock.set(Millis(grant.expires_at + DAY))
    await reaper.run_once()

    token = credentials.seal(Kind.REFRESH, 1, grant.id, SECRET, replayed)
    verdict = await judged(realm_store, credentials.open(token, Kind.REFRESH), clock)

    assert isinstance(verdict, Refuse)
    assert verdict.reason is Reason.UNKNOWN


async def test_a_large_clean_up_is_done_in_small_batches(
    realm_store: MemoryRealm, reaper: Reaper, clock: ManualClock
) -> None:
    for number in range(1, 8):
        await opened(realm_store, pending(number))
    clock.advance(2 * HOUR)

    assert await reaper.run_once(batch=3) == Swept(grants=7)


async def test_a_server_that_stops_does_not_finish_the_clean_up_first(
    realm_store: MemoryRealm, reaper: Reaper, clock: ManualClock
) -> None:
    await opened(realm_store, pending())
    clock.advance(2 * HOUR)
    stop = asyncio.Event()
    stop.set()

    assert await reaper.run_once(stop) == Swept()


async def test_events_are_kept_for_as_long_as_was_said(realm_store: MemoryRealm, clock: ManualClock) -> None:
    reaper = Reaper(realm_store, clock, Retention(events=DAY))
    await realm_store.record([Event(START, EventKind.SIGNED_IN, CorrelationId("c"))])

    clock.advance(DAY)
    assert await reaper.run_once() == Swept()
    clock.advance(1)
    assert await reaper.run_once() == Swept(events=1)


async def test_what_was_claimed_once_stays_claimed_for_a_node_whose_clock_is_behind(
    realm_store: MemoryRealm, reaper: Reaper, clock: ManualClock
) -> None:
    await realm_store.claim_once("jti", b"x", START, events=())

    clock.advance(5 * MINUTE)
    await reaper.run_once()
    assert await realm_store.is_claimed("jti", b"x")

    clock.advance(1)
    await reaper.run_once()
    assert not await realm_store.is_claimed("jti", b"x")


async def test_the_horizon_is_that_of_the_design() -> None:
    found = horizon(START, 15 * MINUTE, Retention(events=400 * DAY, attempts=DAY))

    assert (found.pending_before, found.expired_before) == (START - HOUR, START - 15 * MINUTE)
    assert (found.revoked_before, found.events_before) == (START - DAY, START - 400 * DAY)
    assert horizon(START, 2 * DAY, Retention()).revoked_before == START - 2 * DAY
