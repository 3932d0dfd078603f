"""How grants end, what dies with them, and that it is so the moment it is acknowledged."""

from collections.abc import Awaitable, Callable

import pytest

from evergrant.core.facts import GrantState
from evergrant.core.policy import Action
from evergrant.core.reasons import Reason
from evergrant.server.engine.operators.clients import ClientUpdate
from tests.replies import Reply
from tests.world import API, DAY, MINUTE, SECOND, WINDOW, World

OVER = ("invalid_grant", Reason.REVOKED)
OFFLINE, ONLINE = "openid offline_access a b", "a b"

# What happens, which policy is asked about it, and what the grant says it ended by.
EVENTS: list[tuple[str, Callable[[World], Awaitable[None]], str, Reason]] = [
    ("password", lambda world: world.change_password(), "on_password_change", Reason.PASSWORD_CHANGED),
    ("roles", lambda world: world.set_roles("editor"), "on_role_change", Reason.ROLES_CHANGED),
    ("disable", lambda world: world.disable_subject(), "on_disable", Reason.SUBJECT_DISABLED),
    ("logout", lambda world: world.sign_out(), "on_logout", Reason.LOGGED_OUT),
    ("secret", lambda world: world.rotate_secret("service"), "on_secret_rotation", Reason.SECRET_ROTATED),
]


@pytest.mark.parametrize(("event", "setting", "reason"), [row[1:] for row in EVENTS], ids=[row[0] for row in EVENTS])
@pytest.mark.parametrize("action", Action)
async def test_what_happens_to_a_person_or_client_does_to_grants_what_the_policy_says(
    world: World, event: Callable[[World], Awaitable[None]], setting: str, reason: Reason, action: Action
) -> None:
    """S-035, R-005: refresh, exchange, introspection and userinfo all see it at once."""
    await world.set_policy("service", **{setting: str(action)})
    online, offline = await world.sign_in(ONLINE, "service"), await world.sign_in(OFFLINE, "service")
    code = await world.approve(OFFLINE, "service")

    await event(world)

    refused = reason is Reason.SUBJECT_DISABLED
    await expect(world, online, ended=action in (Action.REVOKE_ALL, Action.REVOKE_ONLINE), refused=refused)
    await expect(world, offline, ended=action is Action.REVOKE_ALL, refused=refused)
    exchanged = await world.exchange(code, "service")
    assert (exchanged.error is None) is (action is not Action.REVOKE_ALL and not refused)


async def expect(world: World, tokens: Reply, *, ended: bool, refused: bool) -> None:
    """An ended grant says so; whoever is refused is refused everywhere."""
    assert (await world.grant(tokens)).state is (GrantState.REVOKED if ended else GrantState.ACTIVE)
    dead = ended or refused
    assert await world.is_active(tokens.access_token, "service") is not dead
    assert await world.is_active(tokens, "service") is not dead
    if "openid" in tokens.scope:
        assert (await world.userinfo(tokens.access_token) == "invalid_token") is dead
    assert ((await world.refresh(tokens, "service")).error == "invalid_grant") is dead


async def test_somebody_enabled_again_goes_on_only_where_nothing_was_ended(world: World) -> None:
    ended = await world.sign_in()
    await world.disable_subject()
    await world.enable_subject()
    assert (await world.refresh(ended)).refused == OVER

    await world.set_policy(on_disable="ignore")
    kept = await world.sign_in()
    await world.disable_subject()
    assert (await world.refresh(kept)).refused == ("invalid_grant", Reason.SUBJECT_DISABLED)
    await world.enable_subject()
    assert (await world.refresh(kept)).error is None


async def test_who_is_deleted_leaves_no_living_token(world: World) -> None:
    """R-005"""
    tokens, code = await world.sign_in(), await world.approve()
    await world.delete_subject()

    assert (await world.refresh(tokens)).refused == OVER
    assert (await world.exchange(code)).refused == OVER
    assert not await world.is_active(tokens.access_token)
    assert await world.userinfo(tokens.access_token) == "invalid_token"


async def test_a_disabled_client_is_refused_before_anything_else(world: World) -> None:
    tokens = await world.sign_in()
    await world.disable_client()

    assert (await world.grant(tokens)).state is GrantState.REVOKED
    assert (await world.refresh(tokens)).error == "invalid_grant"  # this node has not noticed, the store has
    assert not await world.is_active(tokens.access_token, "gateway")
    world.advance(SECOND)
    assert (await world.refresh(tokens)).refused == ("invalid_client", Reason.CLIENT_DISABLED)


async def test_a_policy_of_one_client_does_not_touch_anothers_grants(world: World) -> None:
    await world.set_policy("other", on_password_change="ignore")
    ended, kept = await world.sign_in(), await world.sign_in(client="other")
    bens = await world.sign_in(user="ben")

    await world.change_password()

    assert (await world.refresh(ended)).refused == OVER
    assert (await world.refresh(kept, "other")).error is None
    assert (await world.refresh(bens)).error is None


async def test_a_role_changed_now_is_in_the_next_access_token(world: World) -> None:
    tokens = await world.sign_in()
    await world.set_roles("editor", "admin")

    refreshed = await world.refresh(tokens)

    assert (await world.introspect(refreshed.access_token))["roles"] == ["editor", "admin"]
    assert (await world.introspect(tokens.access_token))["roles"] == ["reader"]


# --- revocation ---------------------------------------------------------------------------


@pytest.mark.parametrize("spent", [0, 1, 2])
async def test_any_genuine_token_of_its_client_ends_the_grant(world: World, spent: int) -> None:
    """RFC 7009, S-045: the current one, and spent ones far outside the window."""
    tokens = [await world.sign_in()]
    for _ in range(2):
        tokens.append(await world.refresh(tokens[-1]))
    world.advance(10 * WINDOW)

    await world.revoke(tokens[spent])

    assert (await world.refresh(tokens[-1])).refused == OVER
    assert not any([await world.is_active(reply.access_token) for reply in tokens])
    grant = await world.grant(tokens[0])
    assert grant.revocation is not None
    assert (grant.revocation.by, grant.revocation.reason) == ("client", Reason.BY_CLIENT)


async def test_a_revoked_access_token_is_dead_alone(world: World) -> None:
    first = await world.sign_in()
    second = await world.refresh(first)

    await world.revoke(first.access_token)

    assert not await world.is_active(first.access_token)
    assert await world.userinfo(first.access_token) == "invalid_token"
    assert await world.is_active(second.access_token)
    assert (await world.refresh(second)).error is None


async def test_revoking_twice_or_nonsense_is_no_error_and_no_event(world: World) -> None:
    tokens = await world.sign_in()
    await world.revoke(tokens)
    trail = await world.events()

    await world.revoke(tokens)
    await world.revoke(type(tokens.refresh_token)("nonsense"))

    assert await world.events() == trail


async def test_an_ended_grant_keeps_when_by_whom_and_why(world: World) -> None:
    tokens = await world.sign_in()
    await world.revoke(tokens)
    at = world.clock()
    world.advance(MINUTE)

    await world.refresh(tokens)
    await world.change_password()
    await world.revoke(tokens)

    grant = await world.grant(tokens)
    assert grant.revocation is not None
    assert (grant.revocation.at, grant.revocation.by) == (at, "client")


# --- introspection ----------------------------------------------------------------------


async def test_a_gateway_sees_the_tokens_of_its_api_and_no_others(world: World) -> None:
    """S-044, R-009"""
    notes = await world.sign_in("offline_access a", resource=(API,))
    photos = await world.sign_in("offline_access photos")

    assert (await world.introspect(notes.access_token, "gateway"))["username"] == "ada"
    assert await world.introspect(photos.access_token, "gateway") == {"active": False}
    assert await world.introspect(notes.refresh_token, "gateway") == {"active": False}
    assert await world.introspect(notes.access_token, "other") == {"active": False}


async def test_asking_about_a_spent_token_changes_nothing(world: World) -> None:
    first = await world.sign_in()
    second = await world.refresh(first)
    world.advance(WINDOW + 1)

    assert not await world.is_active(first)

    assert await world.is_active(second)
    assert (await world.refresh(second)).error is None


async def test_introspection_tells_a_refresh_tokens_end_as_a_refresh_would(world: World) -> None:
    tokens = await world.sign_in()

    assert (await world.introspect(tokens))["exp"] == (world.clock() + 14 * DAY) // 1000
    world.advance(14 * DAY)
    assert not await world.is_active(tokens)


# --- the reaper ------------------------------------------------------------------------------


async def test_the_reaper_never_takes_what_could_still_detect_a_replay(world: World) -> None:
    """Renew, let time pass, reap, replay every earlier generation: each ends the grant (hard case 11)."""
    for generation in range(4):
        tokens = [await world.sign_in(user="ben")]
        for _ in range(4):
            tokens.append(await world.refresh(tokens[-1]))
        world.advance(10 * DAY)
        await world.reap()

        assert (await world.refresh(tokens[generation])).refused == ("invalid_grant", Reason.REUSED)
        assert (await world.refresh(tokens[-1])).refused == OVER


async def test_what_is_over_is_refused_before_and_after_it_was_reaped(world: World) -> None:
    code, tokens = await world.approve(), await world.sign_in()
    world.advance(91 * DAY)
    assert (await world.refresh(tokens)).refused == ("invalid_grant", Reason.EXPIRED)
    assert (await world.exchange(code)).refused == ("invalid_grant", Reason.EXPIRED)

    await world.reap()

    assert await world.grants() == ()
    assert (await world.refresh(tokens)).refused == ("invalid_grant", Reason.UNKNOWN)
    assert (await world.exchange(code)).refused == ("invalid_grant", Reason.UNKNOWN)


async def test_an_idle_grant_is_kept_to_its_absolute_end(world: World) -> None:
    tokens = await world.sign_in()
    await world.refresh(tokens)
    world.advance(80 * DAY)
    await world.reap()

    assert (await world.grant(tokens)).state is GrantState.ACTIVE
    assert (await world.refresh(tokens)).refused == ("invalid_grant", Reason.IDLE)


async def test_a_longer_lifetime_set_later_lengthens_no_living_grant(world: World) -> None:
    """Invariant 3: the absolute end is fixed at 0 -> 1."""
    tokens = await world.sign_in()
    end = (await world.grant(tokens)).expires_at
    await world.update_client("web", ClientUpdate(policy={"refresh_token_lifetime": 900 * DAY}))

    tokens = await world.refresh(tokens)

    assert (await world.grant(tokens)).expires_at == end
