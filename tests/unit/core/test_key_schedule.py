"""Signing keys: published before use, retained after use, one of each algorithm always active."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.core.facts import StoredKey
from evergrant.core.key_schedule import ALGORITHMS, NewKey, Plan, Schedule, is_published, plan, rotate_now, signing
from evergrant.core.policy import DAY, MINUTE
from evergrant.jose.keys import Alg
from evergrant.protocol.values import Millis

NOW = Millis(1_800_000_000_000)
HOUR = 60 * MINUTE
LIFETIME = 15 * MINUTE
SCHEDULE = Schedule()


def key(alg: Alg = "ES256", active_from: int = NOW, kid: str = "k", created_at: int | None = None) -> StoredKey:
    created = active_from if created_at is None else created_at
    return StoredKey(kid, alg, {}, b"", 1, Millis(created), Millis(active_from), None, None)


def carried_out(keys: tuple[StoredKey, ...], planned: Plan, now: Millis) -> tuple[StoredKey, ...]:
    """The keys after a plan, as the engine makes them."""
    changed = {k.kid: k for k in planned.changes}
    kept = [changed.get(k.kid, k) for k in keys]
    kept = [k for k in kept if k.removed_at is None or k.removed_at >= planned.drop_before]
    made = [key(new.alg, new.active_from, f"{new.alg}-{now}-{i}", now) for i, new in enumerate(planned.create)]
    return (*kept, *made)


def begun() -> tuple[StoredKey, ...]:
    return carried_out((), plan((), NOW, SCHEDULE, LIFETIME), NOW)


def at(moment: int) -> Millis:
    return Millis(NOW + moment)


def test_the_very_first_keys_are_active_at_once() -> None:
    assert plan((), NOW, SCHEDULE, LIFETIME).create == (NewKey("ES256", NOW), NewKey("RS256", NOW))


def test_nothing_is_planned_while_the_keys_are_young() -> None:
    planned = plan(begun(), at(89 * DAY - 1), SCHEDULE, LIFETIME)

    assert planned.is_empty


def test_a_successor_is_published_a_day_before_it_signs() -> None:
    planned = plan(begun(), at(89 * DAY), SCHEDULE, LIFETIME)

    assert planned.create == (NewKey("ES256", at(90 * DAY)), NewKey("RS256", at(90 * DAY)))
    assert {k.retires_at for k in planned.changes} == {at(90 * DAY)}


def test_a_server_that_was_off_when_rotation_was_due_still_publishes_first() -> None:
    planned = plan(begun(), at(200 * DAY), SCHEDULE, LIFETIME)

    assert {new.active_from for new in planned.create} == {at(201 * DAY)}
    assert {k.retires_at for k in planned.changes} == {at(201 * DAY)}


def test_a_retired_key_stays_until_its_last_token_expired_and_a_day_more() -> None:
    planned = plan(begun(), at(89 * DAY), SCHEDULE, longest_access_lifetime=3 * DAY)

    assert {k.removed_at for k in planned.changes} == {at(94 * DAY)}


def test_a_longer_access_token_lifetime_keeps_a_retiring_key_longer() -> None:
    keys = carried_out(begun(), plan(begun(), at(89 * DAY), SCHEDULE, LIFETIME), at(89 * DAY))

    planned = plan(keys, at(90 * DAY), SCHEDULE, longest_access_lifetime=7 * DAY)

    assert (planned.create, {k.removed_at for k in planned.changes}) == ((), {at(98 * DAY)})


def test_a_shorter_access_token_lifetime_takes_no_key_away_early() -> None:
    keys = carried_out(begun(), plan(begun(), at(89 * DAY), SCHEDULE, 7 * DAY), at(89 * DAY))

    assert plan(keys, at(90 * DAY), SCHEDULE, LIFETIME).is_empty


def test_a_missing_algorithm_gets_its_key_without_touching_the_other() -> None:
    planned = plan((key("ES256"),), at(HOUR), SCHEDULE, LIFETIME)

    assert (planned.create, planned.changes) == ((NewKey("RS256", at(HOUR)),), ())


def test_the_second_process_finds_nothing_left_to_do() -> None:
    now = at(89 * DAY)
    keys = carried_out(begun(), plan(begun(), now, SCHEDULE, LIFETIME), now)

    assert plan(keys, now, SCHEDULE, LIFETIME).is_empty


def test_rotate_now_publishes_and_activates_at_once() -> None:
    keys, now = begun(), at(10 * DAY)
    rotated = carried_out(keys, rotate_now(keys, now, SCHEDULE, LIFETIME), now)

    chosen = [signing(rotated, alg, now) for alg in ALGORITHMS]
    assert [k.active_from for k in chosen if k is not None] == [now, now]


def test_after_rotate_now_the_old_keys_still_verify_until_their_tokens_are_gone() -> None:
    keys, now = begun(), at(10 * DAY)
    rotated = {k.kid: k for k in carried_out(keys, rotate_now(keys, now, SCHEDULE, LIFETIME), now)}

    old = [rotated[k.kid] for k in keys]
    assert all(is_published(k, Millis(now + LIFETIME)) for k in old)
    assert not any(is_published(k, Millis(now + LIFETIME + DAY)) for k in old)


def test_rotate_now_throws_away_the_key_that_was_published_ahead() -> None:
    now = at(89 * DAY + HOUR)
    keys = carried_out(begun(), plan(begun(), at(89 * DAY), SCHEDULE, LIFETIME), at(89 * DAY))
    ahead = {k.kid for k in keys if k.active_from > now}

    rotated = carried_out(keys, rotate_now(keys, now, SCHEDULE, LIFETIME), now)

    assert ahead
    assert not any(is_published(k, now) for k in rotated if k.kid in ahead)


def test_the_successor_signs_from_its_moment_and_not_before() -> None:
    keys = carried_out(begun(), plan(begun(), at(89 * DAY), SCHEDULE, LIFETIME), at(89 * DAY))

    before, after = signing(keys, "ES256", at(90 * DAY - 1)), signing(keys, "ES256", at(90 * DAY))

    assert (before and before.active_from, after and after.active_from) == (NOW, at(90 * DAY))


def test_a_clock_behind_the_first_key_signs_with_it_all_the_same() -> None:
    keys = begun()

    assert signing(keys, "ES256", at(-5_000)) == keys[0]


def test_a_realm_without_keys_has_none_to_sign_with() -> None:
    assert signing((key("ES256"),), "RS256", NOW) is None


def test_keys_are_kept_privately_for_more_than_a_year_after_they_left_the_key_set() -> None:
    gone = replace(key(), retires_at=NOW, removed_at=NOW)

    assert plan((gone,), at(365 * DAY), SCHEDULE, LIFETIME).drop_before < NOW
    assert plan((gone,), at(401 * DAY), SCHEDULE, LIFETIME).drop_before > NOW


@given(
    steps=st.lists(st.integers(1, 60 * DAY), min_size=1, max_size=30),
    rotations=st.sets(st.integers(0, 29)),
    lifetime=st.integers(MINUTE, 30 * DAY),
)
@pytest.mark.covers("OIDC Core", "10.1.1")
def test_at_every_moment_there_is_a_key_to_sign_and_every_living_token_can_be_verified(
    steps: list[int], rotations: set[int], lifetime: int
) -> None:
    keys: tuple[StoredKey, ...] = ()
    signed: list[tuple[str, int]] = []
    first_seen: dict[str, Millis] = {}
    now = NOW
    for index, step in enumerate(steps):
        made_at_once = index in rotations or not keys
        planned = (rotate_now if index in rotations else plan)(keys, now, SCHEDULE, lifetime)
        keys = carried_out(keys, planned, now)
        published = {k.kid for k in keys if is_published(k, now)}
        for kid in published:
            first_seen.setdefault(kid, now)
        assert all(kid in published for kid, expires in signed if expires > now)
        for alg in ALGORITHMS:
            chosen = signing(keys, alg, now)
            assert chosen is not None
            assert chosen.kid in published
            in_use = chosen.kid in {kid for kid, _ in signed}
            assert made_at_once or in_use or now - first_seen[chosen.kid] >= SCHEDULE.publish_ahead
            signed.append((chosen.kid, now + lifetime))
        now = Millis(now + step)
