"""Requests that meet: stalled ones, overtaken ones, those that cross a revocation, and lost answers of the store."""

import asyncio

import pytest

from evergrant.core.facts import EventKind, GrantState
from evergrant.core.policy import COMMIT_DEADLINE
from evergrant.core.reasons import Reason
from tests.world import ELSEWHERE, MINUTE, WINDOW, World

OVER = ("invalid_grant", Reason.REVOKED)
OVERTAKEN = ("temporarily_unavailable", Reason.OVERTAKEN)
TOO_LATE = ("temporarily_unavailable", Reason.TOO_LATE)
STORE_DOWN = ("temporarily_unavailable", Reason.STORE_DOWN)


async def test_a_stalled_renewal_that_was_overtaken_is_redelivered(world: World) -> None:
    first = await world.sign_in()
    held = world.gate.hold("renew")
    stalled = asyncio.create_task(world.refresh(first))
    await held.arrived.wait()
    second = await world.refresh(first)

    held.release()

    assert (await stalled).refresh_token == second.refresh_token
    assert (await world.grant(first)).generation == 2


async def test_a_stalled_request_never_ends_a_grant(world: World) -> None:
    """It was first judged fit to be served, then overtaken three times: 503, not theft."""
    first = await world.sign_in()
    held = world.gate.hold("renew")
    stalled = asyncio.create_task(world.refresh(first))
    await held.arrived.wait()
    fourth = await world.refresh(await world.refresh(await world.refresh(first)))

    held.release()

    assert (await stalled).refused == OVERTAKEN
    assert (await world.grant(first)).state is GrantState.ACTIVE
    assert await world.events(EventKind.GRANT_REUSED) == ()
    assert (await world.refresh(fourth)).error is None


async def test_a_thief_who_stalls_gains_nothing_by_it(world: World) -> None:
    """His retry is judged afresh."""
    first = await world.sign_in()
    held = world.gate.hold("renew")
    stalled = asyncio.create_task(world.refresh(first, caller=ELSEWHERE))
    await held.arrived.wait()
    fourth = await world.refresh(await world.refresh(await world.refresh(first)))
    held.release()
    await stalled

    assert (await world.refresh(first, caller=ELSEWHERE)).refused == ("invalid_grant", Reason.REUSED)
    assert (await world.refresh(fourth)).refused == OVER


async def test_a_stalled_redelivery_never_ends_a_grant_by_its_streak(world: World) -> None:
    """It would have been the fifth in a row; overtaken by a renewal it would be the sixth as well."""
    current = (await world.sign_in()).refresh_token
    for _ in range(4):
        spent, current = current, (await world.refresh(current)).refresh_token
        await world.refresh(spent, caller=ELSEWHERE)
    spent, current = current, (await world.refresh(current)).refresh_token
    held = world.gate.hold("redeliver")
    stalled = asyncio.create_task(world.refresh(spent, caller=ELSEWHERE))
    await held.arrived.wait()
    await world.refresh(current)

    held.release()

    assert (await stalled).refused == OVERTAKEN
    assert (await world.grant(current)).state is GrantState.ACTIVE


async def test_two_exchanges_of_one_code_give_one_grant(world: World) -> None:
    code = await world.approve()
    held = world.gate.hold("exchange")
    stalled = asyncio.create_task(world.exchange(code))
    await held.arrived.wait()
    tokens = await world.exchange(code)

    held.release()

    assert (await stalled).refused == OVERTAKEN
    assert (await world.refresh(tokens)).error is None


async def test_a_renewal_that_met_a_revocation_gets_nothing(world: World) -> None:
    """Invariant 2"""
    first = await world.sign_in()
    held = world.gate.hold("renew")
    stalled = asyncio.create_task(world.refresh(first))
    await held.arrived.wait()
    await world.revoke(first)

    held.release()

    assert (await stalled).refused == OVER


async def test_tokens_that_overlapped_a_revocation_are_dead_at_first_use(world: World) -> None:
    """Invariant 2: the redelivery was read before, and answers after the acknowledgement."""
    first = await world.sign_in()
    second = await world.refresh(first)
    held = world.gate.hold("redeliver")
    overlapping = asyncio.create_task(world.refresh(first, caller=ELSEWHERE))
    await held.arrived.wait()
    await world.revoke(second)
    held.release()

    assert (await overlapping).refused == OVER


async def test_an_access_token_signed_before_a_revocation_and_sent_after_it_is_dead(world: World) -> None:
    await world.set_policy(renew="never")
    tokens = await world.sign_in()
    world.advance(14 * 24 * 60 * MINUTE // 64 + 1)
    held = world.gate.hold("touch")
    overlapping = asyncio.create_task(world.refresh(tokens))
    await held.arrived.wait()
    await world.revoke(tokens)
    held.release()

    late = await overlapping

    assert not await world.is_active(late.access_token)
    assert await world.userinfo(late.access_token) == "invalid_token"
    assert (await world.refresh(late)).refused == OVER


async def test_an_exchange_that_met_a_password_change_gets_nothing(world: World) -> None:
    code = await world.approve()
    held = world.gate.hold("exchange")
    stalled = asyncio.create_task(world.exchange(code))
    await held.arrived.wait()
    await world.change_password()
    held.release()

    assert (await stalled).refused == OVER


async def test_a_password_grant_that_met_a_disabling_opens_nothing(world: World) -> None:
    held = world.gate.hold("open_grant")
    stalled = asyncio.create_task(world.sign_in_by_password())
    await held.arrived.wait()
    await world.disable_subject()
    held.release()

    assert (await stalled).error == "invalid_grant"
    assert await world.grants() == ()


@pytest.mark.parametrize("question", ["grant", "realm"])
async def test_nothing_is_committed_fifteen_seconds_after_the_request_was_accepted(world: World, question: str) -> None:
    first = await world.sign_in()
    world.advance(MINUTE // 60)  # what is remembered of the realm is a second old: it is asked again
    held = world.gate.hold(question)
    stalled = asyncio.create_task(world.refresh(first))
    await held.arrived.wait()
    world.advance(COMMIT_DEADLINE + 1)
    held.release()

    assert (await stalled).refused == TOO_LATE
    assert (await world.grant(first)).generation == 1
    assert (await world.refresh(first)).error is None


async def test_no_grant_is_ended_that_late_either(world: World) -> None:
    first = await world.sign_in()
    second = await world.refresh(first)
    world.advance(WINDOW + 1)
    held = world.gate.hold("grant")
    stalled = asyncio.create_task(world.refresh(first))
    await held.arrived.wait()
    world.advance(COMMIT_DEADLINE + 1)
    held.release()

    assert (await stalled).refused == TOO_LATE
    assert (await world.refresh(second)).error is None


async def test_a_clock_set_back_during_a_request_stops_nobody(world: World) -> None:
    first = await world.sign_in()
    held = world.gate.hold("grant")
    stalled = asyncio.create_task(world.refresh(first))
    await held.arrived.wait()
    world.advance(-10 * MINUTE)
    held.release()

    reply = await stalled

    assert reply.error is None
    assert (await world.refresh(first)).refresh_token == reply.refresh_token
    world.advance(20 * MINUTE)
    assert (await world.refresh(reply)).error is None


# --- the store's own trouble --------------------------------------------------------------


@pytest.mark.parametrize("verb", ["grant", "renew"])
async def test_a_store_that_is_down_is_503_and_spends_nothing(world: World, verb: str) -> None:
    """S-047, R-012"""
    first = await world.sign_in()
    with world.gate.failing(verb):
        assert (await world.refresh(first)).refused == STORE_DOWN

    assert (await world.grant(first)).generation == 1
    assert (await world.refresh(first)).error is None


async def test_a_renewal_whose_outcome_is_unknown_is_503_and_its_retry_converges(world: World) -> None:
    first = await world.sign_in()
    with world.gate.losing("renew"):
        assert (await world.refresh(first)).refused == STORE_DOWN
    assert (await world.grant(first)).generation == 2

    second = await world.refresh(first)

    assert world.generation(second) == 2
    assert (await world.refresh(second)).error is None


async def test_an_ending_whose_outcome_is_unknown_is_not_called_done(world: World) -> None:
    """R-012: an error while revoking is not swallowed."""
    first = await world.sign_in()
    second = await world.refresh(first)
    world.advance(WINDOW + 1)
    with world.gate.failing("revoke"):
        assert (await world.refresh(first)).refused == STORE_DOWN

    assert (await world.refresh(second)).error is None


async def test_a_refusal_that_cannot_be_written_down_is_503(world: World) -> None:
    first = await world.sign_in()
    with world.gate.failing("record"):
        assert (await world.refresh(first, "other")).refused == STORE_DOWN

    assert (await world.refresh(first)).error is None


async def test_an_exchange_whose_answer_was_lost_costs_a_sign_in_and_nothing_else(world: World) -> None:
    """A code is never redelivered."""
    code = await world.approve()
    with world.gate.losing("exchange"):
        assert (await world.exchange(code)).refused == STORE_DOWN

    assert (await world.exchange(code)).refused == ("invalid_grant", Reason.REUSED)
    assert (await world.exchange(await world.approve())).error is None
