"""The streak: a thief who follows within the window at every step is redelivered only so often."""

from dataclasses import replace

import pytest

from evergrant.core.decisions import Redeliver, Revoke
from evergrant.core.facts import Caller
from evergrant.core.grant import Case, judge
from evergrant.core.policy import Streak
from evergrant.core.reasons import Reason
from tests.unit.core.cases import (
    CONFIDENTIAL,
    CURRENT,
    ELSEWHERE,
    HOME,
    asking,
    behind,
    with_grant,
    with_policy,
)

FOLLOWED = replace(behind(CURRENT, 1), caller=ELSEWHERE)
"""One behind, from another context than the renewal's."""


def redelivered(case: Case) -> Redeliver:
    """The verdict, which must be a redelivery."""
    verdict = judge(case)
    assert isinstance(verdict, Redeliver), verdict
    return verdict


def test_a_redelivery_to_the_same_context_writes_nothing() -> None:
    """Eight tabs that refresh together are honest."""
    same = redelivered(behind(CURRENT, 1))

    assert (same.retries, same.streak) == (None, 0)
    assert redelivered(behind(with_grant(CURRENT, retries=0b11111), 1)).retries is None


def test_a_redelivery_elsewhere_is_noted_once_a_generation() -> None:
    noted = redelivered(FOLLOWED)

    assert (noted.retries, noted.streak) == (0b1, 1)
    assert redelivered(with_grant(FOLLOWED, retries=0b1)).retries is None


def test_two_behind_notes_both_generations() -> None:
    """Or a thief could skip every other one."""
    noted = redelivered(replace(behind(CURRENT, 2), caller=ELSEWHERE))

    assert (noted.retries, noted.streak) == (0b11, 2)


@pytest.mark.parametrize(("before", "length"), [(0b10, 2), (0b110, 3), (0b100, 1), (0b11110, 5)])
def test_only_redeliveries_in_a_row_are_a_streak(before: int, length: int) -> None:
    assert redelivered(with_grant(FOLLOWED, retries=before)).streak == length


def test_six_in_a_row_end_the_grant_of_a_public_client() -> None:
    verdict = judge(with_grant(FOLLOWED, retries=0b111110))

    assert isinstance(verdict, Revoke)
    assert verdict.reason is Reason.RETRY_STREAK


def test_a_confidential_client_is_only_reported() -> None:
    """Its workers may well sit in several networks, and a thief would need its secret too."""
    followed = replace(with_grant(FOLLOWED, retries=0b111110), client=replace(CONFIDENTIAL, id=FOLLOWED.client.id))

    assert redelivered(followed).streak == 6


def test_a_bound_grant_is_only_reported() -> None:
    followed = with_grant(FOLLOWED, retries=0b111110, binding="jkt")
    proven = replace(followed, proof=replace(followed.proof, binding="jkt"))

    assert redelivered(proven).streak == 6


@pytest.mark.parametrize(
    ("setting", "ends"),
    [(Streak.AUTO, True), (Streak.REVOKE, True), (Streak.EVENT, False), (Streak.OFF, False)],
)
def test_a_client_may_have_it_otherwise(setting: Streak, ends: bool) -> None:
    verdict = judge(with_policy(with_grant(FOLLOWED, retries=0b111110), streak=setting))

    assert isinstance(verdict, Revoke if ends else Redeliver)


def test_the_revoking_setting_also_holds_for_confidential_clients() -> None:
    followed = replace(with_grant(FOLLOWED, retries=0b111110), client=CONFIDENTIAL)

    assert isinstance(judge(with_policy(followed, streak=Streak.REVOKE)), Revoke)


def test_turned_off_it_writes_nothing() -> None:
    assert redelivered(with_policy(FOLLOWED, streak=Streak.OFF)).retries is None


def test_a_request_for_too_much_does_not_count() -> None:
    """Row 11 comes before: nothing is redelivered, so nothing is noted."""
    assert not isinstance(judge(asking(with_grant(FOLLOWED, retries=0b111110), "photos")), (Redeliver, Revoke))


def test_moving_between_address_families_is_no_other_context() -> None:
    """A phone that changes from IPv4 to IPv6 says nothing; another user agent does."""
    over_ipv6 = replace(HOME, address_prefix="2001:db8::/48")

    assert redelivered(replace(FOLLOWED, caller=over_ipv6)).retries is None
    assert redelivered(replace(FOLLOWED, caller=Caller("curl", "2001:db8::/48"))).retries == 1
