"""When keys are fetched: a table, without I/O."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.protocol.values import Millis
from evergrant.resource.key_schedule import COOL_DOWN, KEPT, RETRY, KeyState, Step, fresh_ms
from tests.unit.resource.notes import KEYS, NOW

HELD = KeyState().fetched(KEYS, NOW, 300_000)


def at(ms: int) -> Millis:
    return Millis(NOW + ms)


@pytest.mark.parametrize(
    ("age", "step"),
    [
        (0, "use"),
        (300_000, "use"),
        (300_001, "use and fetch"),
        (KEPT, "use and fetch"),
        (KEPT + 1, "fetch"),
        (-5_000, "use"),
    ],
)
def test_keys_are_used_while_fresh_renewed_behind_while_stale_and_waited_for_after_a_day(age: int, step: Step) -> None:
    assert HELD.next_step(at(age)) == step


def test_without_keys_the_first_token_waits_for_them() -> None:
    assert KeyState().next_step(NOW) == "fetch"


def test_an_issuer_that_is_down_is_asked_once_a_second_and_what_is_held_is_kept() -> None:
    stale = HELD.failed(at(400_000))

    assert stale.next_step(at(400_000 + RETRY - 1)) == "use"
    assert stale.next_step(at(400_000 + RETRY)) == "use and fetch"
    assert stale.keys is KEYS


def test_without_keys_a_failure_is_told_at_once_until_it_may_be_tried_again() -> None:
    none = KeyState().failed(NOW)

    assert none.next_step(at(RETRY - 1)) == "give up"
    assert none.next_step(at(RETRY)) == "fetch"


def test_a_key_that_is_not_known_is_looked_for_at_once_then_not_for_half_a_minute() -> None:
    assert HELD.after_unknown(at(1)) == "fetch"

    forced = HELD.forcing(at(1))

    assert forced.after_unknown(at(1)) == "give up"
    assert forced.after_unknown(at(COOL_DOWN)) == "give up"
    assert forced.after_unknown(at(1 + COOL_DOWN)) == "fetch"


def test_the_same_keys_fetched_again_are_the_same_object() -> None:
    """What was checked with them need not be checked again."""
    assert HELD.fetched(dict(KEYS), at(1), 300_000).keys is HELD.keys
    assert HELD.fetched({}, at(1), 300_000).keys == {}


@pytest.mark.parametrize(
    ("header", "ms"),
    [
        (None, 300_000),
        ("no-store", 300_000),
        ("public, max-age=600", 600_000),
        ("max-age=0", 30_000),
        ("max-age=999999999", 3_600_000),
        ("s-maxage=5", 300_000),
        ('Max-Age="60"', 60_000),
    ],
)
def test_the_issuer_says_how_long_its_keys_are_fresh_within_bounds(header: str | None, ms: int) -> None:
    assert fresh_ms(header) == ms


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_keys_that_are_held_are_never_waited_for_within_their_day(failed: int, forced: int, now: int) -> None:
    state = HELD.failed(at(failed)).forcing(at(forced))

    if now <= KEPT:
        assert state.next_step(at(now)) in ("use", "use and fetch")
