"""One grant from the code to the last refresh, on every store."""

import asyncio

import pytest

from evergrant.core.facts import EventKind, GrantState
from evergrant.core.policy import Policy
from evergrant.core.reasons import Reason
from evergrant.server.engine.operators.clients import ClientUpdate
from tests.founding import PHOTOS
from tests.world import API, DAY, ELSEWHERE, MINUTE, SECOND, VERIFIER, WINDOW, World

OVER = ("invalid_grant", Reason.REVOKED)
REPLAYED = ("invalid_grant", Reason.REUSED)


# --- renewing, losing, retrying -----------------------------------------------------


async def test_a_refresh_brings_new_tokens_and_the_old_one_was_good_for_one(world: World) -> None:
    first = await world.sign_in(scope="openid offline_access a b")

    second = await world.refresh(first)

    assert (world.generation(first), world.generation(second)) == (1, 2)
    assert second.access_token != first.access_token
    assert second.given.id_token is not None
    assert second.scope == "openid offline_access a b"
    assert second.given.expires_in_s == 15 * 60


async def test_a_client_that_lost_the_answer_gets_the_same_successor(world: World) -> None:
    first = await world.sign_in()
    lost = await world.refresh(first)
    world.advance(WINDOW)

    retried = await world.refresh(first)

    assert retried.refresh_token == lost.refresh_token
    assert retried.access_token != lost.access_token
    assert (await world.refresh(retried)).error is None


async def test_a_retry_moves_neither_the_window_nor_the_idle_expiry(world: World) -> None:
    """S-034"""
    first = await world.sign_in()
    await world.refresh(first)
    before = await world.grant(first)
    world.advance(WINDOW)

    await world.refresh(first)

    assert await world.grant(first) == before
    world.advance(1)
    assert (await world.refresh(first)).refused == REPLAYED


async def test_eight_tabs_that_refresh_at_once_all_get_the_same_successor(world: World) -> None:
    first = await world.sign_in()

    replies = await asyncio.gather(*(world.refresh(first) for _ in range(8)))

    assert {reply.error for reply in replies} == {None}
    assert len({reply.refresh_token for reply in replies}) == 1
    assert len({reply.access_token for reply in replies}) == 8
    assert (await world.grant(first)).generation == 2
    assert (await world.grant(first)).retries == 0


async def test_a_second_worker_overtaken_by_two_quick_renewals_is_served(world: World) -> None:
    first = await world.sign_in()
    third = await world.refresh(await world.refresh(first))

    overtaken = await world.refresh(first)

    assert overtaken.refresh_token == third.refresh_token


async def test_a_replay_with_too_wide_a_scope_is_still_a_replay(world: World) -> None:
    stolen = (await world.sign_in(scope="a b")).refresh_token
    await world.refresh(await world.refresh(await world.refresh(stolen)))

    reply = await world.refresh(stolen, scope="a b c")

    assert world.last_event is not None
    assert (reply.error, world.last_event.reason) == ("invalid_grant", Reason.REUSED)


@pytest.mark.parametrize("generation", range(4))
async def test_a_replay_of_any_spent_token_ends_the_grant(world: World, generation: int) -> None:
    """S-031: the current refresh token and every access token are dead as well."""
    tokens = [await world.sign_in()]
    for _ in range(4):
        tokens.append(await world.refresh(tokens[-1]))
    world.advance(WINDOW + 1)

    assert (await world.refresh(tokens[generation])).refused == REPLAYED

    assert (await world.refresh(tokens[-1])).refused == OVER
    assert not any([await world.is_active(reply.access_token) for reply in tokens])
    (event,) = await world.events(EventKind.GRANT_REUSED)
    assert event.detail["presented_generation"] == str(generation + 1)


async def test_the_row_is_one_whatever_happens(world: World) -> None:
    """Invariant 6"""
    reply = await world.sign_in()
    rows, events = len(await world.grants()), len(await world.events())
    for _ in range(20):
        await world.refresh(reply)
        reply = await world.refresh(reply)

    assert len(await world.grants()) == rows == 1
    assert len(await world.events()) == events


# --- the code ---------------------------------------------------------------------


async def test_a_code_is_good_once_and_its_second_use_ends_the_grant(world: World) -> None:
    """S-006, RFC 6749 §4.1.2"""
    code = await world.approve()
    tokens = await world.exchange(code)

    assert (await world.exchange(code)).refused == REPLAYED
    assert (await world.refresh(tokens)).refused == OVER
    assert not await world.is_active(tokens.access_token)


async def test_a_stolen_code_without_its_verifier_hurts_nobody(world: World) -> None:
    """S-108: neither before nor after it was used."""
    code = await world.approve()
    assert (await world.exchange(code, verifier="w" * 43)).refused == ("invalid_grant", Reason.WRONG_PROOF)
    tokens = await world.exchange(code)
    assert (await world.exchange(code, verifier="w" * 43)).refused == ("invalid_grant", Reason.WRONG_PROOF)

    assert (await world.refresh(tokens)).error is None


async def test_a_code_lives_a_minute(world: World) -> None:
    code = await world.approve()
    world.advance(MINUTE)

    assert (await world.exchange(code)).refused == ("invalid_grant", Reason.EXPIRED)


async def test_without_offline_access_openid_brings_no_refresh_token(world: World) -> None:
    """OpenID Connect Core §11"""
    tokens = await world.sign_in(scope="openid a")

    assert tokens.given.refresh_token is None
    assert await world.is_active(tokens.access_token)
    world.advance(15 * MINUTE)
    assert not await world.is_active(tokens.access_token)


async def test_the_nonce_is_in_the_first_id_token_only(world: World) -> None:
    grant = await world.grant(await world.sign_in())

    assert (grant.nonce, grant.redirect_uri) == (None, None)
    assert grant.challenge is not None


# --- scope, audience, expiry ---------------------------------------------------------


async def test_a_narrowed_scope_is_not_sticky(world: World) -> None:
    """S-033, RFC 6749 §6"""
    first = await world.sign_in(scope="openid offline_access a b")

    narrow = await world.refresh(first, scope="a")
    again = await world.refresh(narrow)

    assert (narrow.scope, narrow.given.id_token) == ("a", None)
    assert again.scope == "openid offline_access a b"
    assert again.given.id_token is not None


async def test_more_than_was_granted_is_refused_and_spends_nothing(world: World) -> None:
    first = await world.sign_in(scope="offline_access a b")

    assert (await world.refresh(first, scope="a b c")).refused == ("invalid_scope", Reason.TOO_WIDE_SCOPE)
    assert (await world.refresh(first, resource=PHOTOS)).refused == ("invalid_target", Reason.WRONG_TARGET)

    assert (await world.grant(first)).generation == 1


async def test_each_access_token_is_for_one_api(world: World) -> None:
    """S-037"""
    first = await world.sign_in(scope="offline_access a photos")
    notes, photos = await world.refresh(first, resource=API), await world.refresh(first, resource=PHOTOS)

    assert (await world.introspect(notes.access_token))["aud"] == API
    assert (await world.introspect(photos.access_token))["aud"] == PHOTOS
    assert (notes.scope, photos.scope) == ("offline_access a", "offline_access photos")
    assert notes.refresh_token == photos.refresh_token


async def test_a_retry_may_ask_for_something_else(world: World) -> None:
    """The refresh token is the same, the access token is this request's (hard case 16)."""
    first = await world.sign_in(scope="offline_access a b")
    whole, retried = await world.refresh(first), await world.refresh(first, scope="a")

    assert (whole.scope, retried.scope) == ("offline_access a b", "a")
    assert whole.refresh_token == retried.refresh_token


async def test_use_keeps_a_grant_alive_to_its_absolute_end_and_not_a_day_longer(world: World) -> None:
    reply = await world.sign_in()
    for _ in range(8):
        world.advance(11 * DAY)
        reply = await world.refresh(reply)
    world.advance(2 * DAY - 1)
    last = await world.refresh(reply)
    assert last.given.expires_in_s == 1

    world.advance(1)

    assert (await world.refresh(last)).refused == ("invalid_grant", Reason.EXPIRED)


async def test_an_idle_grant_ends_and_a_longer_setting_does_not_wake_it(world: World) -> None:
    reply = await world.sign_in()
    world.advance(Policy().refresh_token_idle_timeout)

    assert (await world.refresh(reply)).refused == ("invalid_grant", Reason.IDLE)
    await world.set_policy(refresh_token_idle_timeout=30 * DAY)

    assert (await world.refresh(reply)).refused == OVER


# --- policies -----------------------------------------------------------------------------


async def test_where_tokens_are_kept_the_same_one_comes_back(world: World) -> None:
    """What WSO2 calls RenewRefreshTokenForRefreshGrant=false; S-036"""
    await world.set_policy(renew="never")
    first = await world.sign_in()
    world.advance(10 * DAY)
    second = await world.refresh(first)
    world.advance(10 * DAY)
    third = await world.refresh(first)

    assert first.refresh_token == second.refresh_token == third.refresh_token
    assert third.access_token != second.access_token


async def test_without_extension_the_old_end_is_kept(world: World) -> None:
    await world.set_policy(extend_on_renew=False, refresh_token_idle_timeout=2 * DAY)
    reply = await world.sign_in()
    world.advance(DAY)
    reply = await world.refresh(reply)
    assert reply.given.refresh_expires_in == DAY
    world.advance(DAY)

    assert (await world.refresh(reply)).refused == ("invalid_grant", Reason.IDLE)


async def test_with_a_window_of_zero_a_lost_answer_costs_a_sign_in(world: World) -> None:
    await world.set_policy(retry_window=0)
    first = await world.sign_in()
    await world.refresh(first)

    assert (await world.refresh(first)).refused == REPLAYED


async def test_the_least_recently_used_grant_makes_room(world: World) -> None:
    await world.set_policy(max_grants=2)
    oldest = await world.sign_in()
    world.advance(SECOND)
    middle = await world.sign_in()
    world.advance(SECOND)
    oldest = await world.refresh(oldest)
    world.advance(SECOND)

    newest = await world.sign_in()

    assert (await world.refresh(middle)).refused == OVER
    assert (await world.refresh(oldest)).error is None
    assert (await world.refresh(newest)).error is None
    (event,) = [e for e in await world.events(EventKind.GRANT_REVOKED) if e.reason == Reason.MADE_ROOM]
    assert event.grant_id == world.grant_id(middle)


# --- whose and what -----------------------------------------------------------------------


async def test_another_client_gets_nothing_and_ends_nothing(world: World) -> None:
    """S-032, R-003: refresh token and code of one client, shown by another, in every state."""
    code = await world.approve()
    assert (await world.exchange(code, "other")).refused == ("invalid_grant", Reason.OTHER_CLIENT)
    first = await world.exchange(code)
    second = await world.refresh(first)
    world.advance(WINDOW + 1)

    for token in (first, second):
        assert (await world.refresh(token, "other")).refused == ("invalid_grant", Reason.OTHER_CLIENT)
    assert (await world.exchange(code, "other")).refused == ("invalid_grant", Reason.OTHER_CLIENT)
    await world.revoke(second, "other")
    await world.revoke(second.access_token, "other")
    assert not await world.is_active(second, "other")

    assert (await world.refresh(second)).error is None
    # Each names the grant: the operator has to know which token is in the wrong hands.
    alarms = await world.events(EventKind.OTHER_CLIENT)
    assert [event.grant_id for event in alarms] == [world.grant_id(second)] * 6


async def test_a_code_is_no_refresh_token_and_a_refresh_token_no_code(world: World) -> None:
    """R-004"""
    code = await world.approve()
    assert (await world.refresh(code)).refused == ("invalid_grant", Reason.GARBAGE)
    tokens = await world.exchange(code)

    assert (await world.exchange(tokens.refresh_token)).refused == ("invalid_grant", Reason.GARBAGE)
    assert (await world.refresh(tokens)).error is None


async def test_a_token_of_another_realm_is_garbage(world: World, another_world: World) -> None:
    token = (await another_world.sign_in()).refresh_token

    assert (await world.refresh(token)).refused == ("invalid_grant", Reason.GARBAGE)
    assert (await another_world.refresh(token)).error is None


async def test_garbage_reads_no_grant(world: World) -> None:
    token = (await world.sign_in()).refresh_token
    with world.gate.failing("grant"):
        reply = await world.refresh(type(token)(token.reveal()[:-1] + "A"))

    assert reply.refused == ("invalid_grant", Reason.GARBAGE)


async def test_a_scope_taken_from_the_client_is_gone_from_the_next_token(world: World) -> None:
    """R-006"""
    first = await world.sign_in(scope="offline_access a b")
    await world.update_client("web", ClientUpdate(scope="offline_access a"))

    assert (await world.refresh(first)).scope == "offline_access a"


async def test_a_thief_who_follows_every_step_is_redelivered_only_so_often(world: World) -> None:
    """The streak: six in a row from another network end the grant of a public client."""
    stolen = current = (await world.sign_in()).refresh_token
    for step in range(1, 7):
        world.advance(MINUTE)
        stolen, current = current, (await world.refresh(current)).refresh_token
        reply = await world.refresh(stolen, caller=ELSEWHERE)
        assert reply.error == (None if step < 6 else "invalid_grant"), step

    assert (await world.refresh(current)).refused == OVER
    assert [event.reason for event in await world.events(EventKind.RETRY_STREAK)] == [Reason.RETRY_STREAK] * 4


async def test_a_confidential_clients_workers_in_two_networks_are_only_reported(world: World) -> None:
    current = (await world.sign_in(client="service")).refresh_token
    for _ in range(8):
        spent, current = current, (await world.refresh(current, "service")).refresh_token
        assert (await world.refresh(spent, "service", caller=ELSEWHERE)).refresh_token == current

    assert (await world.grant(current)).state is GrantState.ACTIVE


async def test_a_password_opens_a_grant_for_a_legacy_client(world: World) -> None:
    first = await world.sign_in_by_password()

    assert world.generation(first) == 1
    assert (await world.refresh(first, "legacy")).error is None
    assert (await world.sign_in_by_password(type(first.refresh_token)("wrong"))).error == "invalid_grant"


async def test_nothing_secret_is_logged(world: World) -> None:
    """Invariant 7, S-041"""
    code = await world.approve()
    first = await world.exchange(code)
    second = await world.refresh(first)
    await world.refresh(second, "other")
    secrets = [code, first.refresh_token, first.access_token, second.refresh_token, second.access_token]

    assert VERIFIER not in world.log.getvalue()
    assert not [secret for secret in secrets if secret.reveal() in world.log.getvalue()]
    assert "token" in world.log.getvalue()
