"""When tokens are used, renewed behind the caller's back, renewed first, or not any more."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.client.errors import IssuerUnavailable, ProtocolError, RefreshUnavailable, SignInReason
from evergrant.client.keeper import (
    EARLY,
    LONGEST_PAUSE,
    Keeper,
    Newer,
    Pause,
    Renew,
    SignIn,
    Trouble,
    Use,
    UseMeanwhile,
    Valid,
)
from evergrant.client.ways import ByClientCredentials
from evergrant.protocol.values import Millis
from tests.unit.client.samples import CLIENT, EXPIRED_AT, KEEPER, LIFE, NEXT, PROVIDER, START, TOKENS

SERVICE = Keeper(ByClientCredentials(PROVIDER, CLIENT), jitter=1.0)
IN_THE_MIDDLE = Millis(START + LIFE // 2)
DOWN = RefreshUnavailable("down")


def at(moment: int) -> Millis:
    return Millis(moment)


def test_a_token_in_the_middle_of_its_life_is_used() -> None:
    assert KEEPER.decide(TOKENS, Valid(), IN_THE_MIDDLE) == Use(TOKENS)


def test_a_minute_before_its_end_it_is_used_and_renewed_meanwhile() -> None:
    assert KEEPER.decide(TOKENS, Valid(), at(EXPIRED_AT - EARLY - 1)) == Use(TOKENS)
    assert KEEPER.decide(TOKENS, Valid(), at(EXPIRED_AT - EARLY)) == UseMeanwhile(TOKENS)


def test_a_token_of_short_life_is_renewed_a_fifth_of_it_early() -> None:
    short = replace(TOKENS, expires_at=at(START + 60_000))

    assert KEEPER.decide(short, Valid(), at(START + 47_999)) == Use(short)
    assert KEEPER.decide(short, Valid(), at(START + 48_000)) == UseMeanwhile(short)


def test_two_instances_do_not_renew_at_the_same_moment() -> None:
    now = at(EXPIRED_AT - EARLY)

    assert KEEPER.decide(TOKENS, Valid(), now) == UseMeanwhile(TOKENS)
    assert replace(KEEPER, jitter=0.5).decide(TOKENS, Valid(), now) == Use(TOKENS)


def test_an_expired_token_is_renewed_first() -> None:
    assert KEEPER.decide(TOKENS, Valid(), EXPIRED_AT) == Renew()


def test_a_refused_token_is_renewed_first_however_young_it_is() -> None:
    assert KEEPER.decide(TOKENS, Valid(TOKENS.access_token), IN_THE_MIDDLE) == Renew()


def test_a_token_that_replaced_the_refused_one_is_used() -> None:
    assert KEEPER.decide(NEXT, Valid(TOKENS.access_token), IN_THE_MIDDLE) == Use(NEXT)


def test_a_token_that_was_refused_at_once_is_not_renewed_again_within_a_second() -> None:
    """Otherwise an API that refuses everything would make each of its requests a renewal."""
    refused = Valid(TOKENS.access_token)

    assert KEEPER.decide(TOKENS, refused, at(START + 999)) == Use(TOKENS)
    assert KEEPER.decide(TOKENS, refused, at(START + 1_000)) == Renew()


def test_a_token_that_is_born_expired_is_not_renewed_within_a_second() -> None:
    born_dead = replace(TOKENS, expires_at=START)

    assert KEEPER.decide(born_dead, Valid(), START) == Use(born_dead)
    assert KEEPER.decide(born_dead, Valid(), at(START + 1_000)) == Renew()


def test_a_token_without_an_end_is_used_until_it_is_refused() -> None:
    endless = replace(TOKENS, expires_at=None)

    assert KEEPER.decide(endless, Valid(), at(START + 10**12)) == Use(endless)
    assert KEEPER.decide(endless, Valid(endless.access_token), at(START + 10**12)) == Renew()


def test_a_newer_one_is_had_however_long_the_old_one_would_live() -> None:
    assert KEEPER.decide(TOKENS, Newer(TOKENS.access_token), START) == Renew()
    assert KEEPER.decide(NEXT, Newer(TOKENS.access_token), START) == Use(NEXT)


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        (None, SignInReason.NO_SESSION),
        (replace(TOKENS, refresh_token=None), SignInReason.NO_REFRESH_TOKEN),
        (replace(TOKENS, refresh_token=None, ended="invalid_grant"), SignInReason.ENDED),
    ],
)
def test_without_a_way_to_renew_a_person_has_to_sign_in(held: None, reason: SignInReason) -> None:
    assert KEEPER.decide(held, Valid(), EXPIRED_AT) == SignIn(reason)


def test_without_a_refresh_token_the_access_token_serves_to_its_last_moment() -> None:
    alone = replace(TOKENS, refresh_token=None)

    assert KEEPER.decide(alone, Valid(), at(EXPIRED_AT - 1)) == Use(alone)


def test_an_ended_session_is_over_though_its_access_token_lives() -> None:
    ended = replace(TOKENS, refresh_token=None, ended="invalid_grant")

    assert KEEPER.decide(ended, Valid(), IN_THE_MIDDLE) == SignIn(SignInReason.ENDED)


def test_a_service_needs_nobody() -> None:
    assert SERVICE.decide(None, Valid(), START) == Renew()
    assert SERVICE.decide(replace(TOKENS, refresh_token=None), Valid(), EXPIRED_AT) == Renew()


def test_after_a_failure_nobody_asks_until_the_pause_is_over() -> None:
    trouble = KEEPER.after(DOWN, EXPIRED_AT, None)

    assert KEEPER.decide(TOKENS, Valid(), at(trouble.until - 1), trouble) == Pause(trouble.until, DOWN)
    assert KEEPER.decide(TOKENS, Valid(), trouble.until, trouble) == Renew()


def test_while_the_issuer_is_down_the_old_token_serves() -> None:
    early = at(EXPIRED_AT - 30_000)
    trouble = KEEPER.after(DOWN, early, None)

    assert KEEPER.decide(TOKENS, Valid(), early, trouble) == Use(TOKENS)


def test_each_failure_doubles_the_pause_up_to_half_a_minute() -> None:
    calm = replace(KEEPER, jitter=0.0)
    trouble, pauses = None, []

    for _ in range(8):
        trouble = calm.after(DOWN, START, trouble)
        pauses.append((trouble.until - START) // 1000)

    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


def test_the_issuers_own_wish_is_honoured() -> None:
    trouble = KEEPER.after(RefreshUnavailable("busy", 90.0), START, None)

    assert trouble.until - START == 90_000


@given(
    st.integers(0, 40),
    st.floats(0, 1),
    st.one_of(st.none(), st.floats(0, 3600)),
)
def test_the_issuer_is_never_asked_more_than_once_a_second(
    failures: int, jitter: float, retry_after_s: float | None
) -> None:
    before = Trouble(failures, START, DOWN)

    after = replace(KEEPER, jitter=jitter).after(IssuerUnavailable("x", retry_after_s), START, before)

    assert 1_000 <= after.until - START <= max(LONGEST_PAUSE, (retry_after_s or 0) * 1000)


def test_a_defect_of_the_issuer_pauses_as_well() -> None:
    defect = ProtocolError("not JSON")
    trouble = KEEPER.after(defect, EXPIRED_AT, None)

    assert KEEPER.decide(TOKENS, Valid(), EXPIRED_AT, trouble) == Pause(trouble.until, defect)


@given(st.integers(-(10**10), 10**10))
def test_whatever_the_clock_says_there_is_a_decision_and_no_expired_token_is_used(offset: int) -> None:
    now = at(START + offset)

    decision = KEEPER.decide(TOKENS, Valid(), now)

    assert isinstance(decision, Use | UseMeanwhile) == (now < EXPIRED_AT)
