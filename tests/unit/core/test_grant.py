"""The finer points of single rows: windows, clocks, codes, generations ahead of the store, policies."""

from dataclasses import replace

import pytest

from evergrant.core.decisions import Exchange, Keep, Redeliver, Refuse, Renew, Revoke
from evergrant.core.facts import Caller
from evergrant.core.grant import REACH, Case, Proof, judge, row_for
from evergrant.core.policy import DAY, Policy
from evergrant.core.policy import Renew as RenewPolicy
from evergrant.core.reasons import Reason
from evergrant.protocol.pkce import challenge_of
from evergrant.protocol.values import Millis
from tests.unit.core.cases import (
    API,
    CODE,
    CURRENT,
    ELSEWHERE,
    NOW,
    OTHER_API,
    REDIRECT_URI,
    VERIFIER,
    WINDOW,
    asking,
    behind,
    presenting,
    with_grant,
    with_policy,
)

IDLE_TIMEOUT = Policy().refresh_token_idle_timeout


def ago(ms: int) -> Millis:
    return Millis(NOW - ms)


# --- the retry window ---------------------------------------------------------------


def test_the_window_is_open_to_its_last_millisecond() -> None:
    edge = behind(with_grant(CURRENT, renewed_at=ago(WINDOW)), 1)

    assert isinstance(judge(edge), Redeliver)
    assert judge(with_grant(edge, renewed_at=ago(WINDOW + 1))) == revoked(Reason.REUSED)


def test_two_behind_is_measured_from_when_the_one_after_it_became_current() -> None:
    """Not from the last renewal, or two quick renewals would open the window again for an old token."""
    two = behind(CURRENT, 2)

    assert isinstance(judge(with_grant(two, previous_renewed_at=ago(WINDOW))), Redeliver)
    assert judge(with_grant(two, previous_renewed_at=ago(WINDOW + 1), renewed_at=NOW)) == revoked(Reason.REUSED)


@pytest.mark.parametrize("generations", [3, 4, 5])
def test_three_behind_is_reuse_whenever(generations: int) -> None:
    just_now = with_grant(CURRENT, generation=9, renewed_at=NOW, previous_renewed_at=NOW)

    assert judge(behind(just_now, generations)) == revoked(Reason.REUSED)


def test_a_window_of_zero_turns_retries_off_even_in_the_same_millisecond() -> None:
    same_moment = behind(with_grant(CURRENT, renewed_at=NOW), 1)

    assert judge(with_policy(same_moment, retry_window=0)) == revoked(Reason.REUSED)


def test_a_clock_that_stepped_back_closes_no_window_and_ends_no_grant() -> None:
    earlier = Millis(NOW - DAY)

    assert isinstance(judge(replace(behind(CURRENT, 1), now=earlier)), Redeliver)
    assert isinstance(judge(replace(behind(CURRENT, 2), now=earlier)), Redeliver)
    assert isinstance(judge(replace(CURRENT, now=earlier)), Renew)


# --- expiry -------------------------------------------------------------------------


def test_idleness_counts_from_the_last_use_to_the_millisecond() -> None:
    assert isinstance(judge(with_grant(CURRENT, used_at=ago(IDLE_TIMEOUT - 1))), Renew)
    assert judge(with_grant(CURRENT, used_at=ago(IDLE_TIMEOUT))) == revoked(Reason.IDLE)


def test_a_grant_whose_renewal_was_lost_is_not_idle() -> None:
    """`used_at` was lost together with the generation."""
    lost = with_grant(CURRENT, used_at=ago(IDLE_TIMEOUT))

    assert isinstance(judge(presenting(lost, 6)), Renew)


def test_without_extension_a_renewed_token_keeps_the_old_end() -> None:
    """The WSO2 page's `ExtendRenewedRefreshTokenExpiryTime`: idleness runs from approval."""
    fixed = with_policy(with_grant(CURRENT, used_at=NOW, granted_at=ago(IDLE_TIMEOUT)), extend_on_renew=False)

    assert judge(fixed) == revoked(Reason.IDLE)
    assert isinstance(judge(with_grant(fixed, granted_at=ago(IDLE_TIMEOUT - 1))), Renew)


def test_a_grant_without_refresh_token_is_never_idle() -> None:
    used_code = with_grant(replace(CODE, facts=CURRENT.facts), generation=1, refreshable=False, used_at=Millis(0))

    assert judge(used_code) == revoked(Reason.REUSED)


def test_the_absolute_end_counts_for_a_generation_ahead_as_well() -> None:
    """S-034"""
    assert judge(presenting(with_grant(CURRENT, expires_at=NOW), 6)) == refused(Reason.EXPIRED)


# --- ahead of the store ---------------------------------------------------------------


@pytest.mark.parametrize("ahead", [1, 2, REACH])
def test_a_generation_ahead_of_the_store_is_judged_on_as_if_it_were_current(ahead: int) -> None:
    verdict = judge(presenting(CURRENT, 5 + ahead))

    assert isinstance(verdict, Renew)
    assert (verdict.to, verdict.adopts) == (5 + ahead + 1, True)


def test_what_is_ahead_cannot_ask_for_more_than_the_grant_either() -> None:
    assert row_for(asking(presenting(CURRENT, 6), "photos")).number == "11"


def test_a_newer_key_may_sign_what_is_ahead() -> None:
    """The master key was rotated, the renewal that carried it was lost."""
    assert isinstance(judge(presenting(CURRENT, 6, key_id=3)), Renew)


def test_a_spent_token_under_a_retired_key_is_still_a_spent_token() -> None:
    """A retired key can end a grant or learn nothing; it can no longer renew."""
    assert isinstance(judge(presenting(CURRENT, 4, key_id=1)), Redeliver)
    assert judge(presenting(CURRENT, 1, key_id=1)) == revoked(Reason.REUSED)


# --- the code ---------------------------------------------------------------------------


def test_a_code_is_exchanged_until_the_millisecond_before_its_end() -> None:
    assert isinstance(judge(with_grant(CODE, pending_expires_at=Millis(NOW + 1))), Exchange)
    assert judge(with_grant(CODE, pending_expires_at=NOW)) == refused(Reason.EXPIRED)


def test_a_code_is_never_redelivered() -> None:
    """RFC 6749 §4.1.2, S-006: not in the same millisecond, not within any window."""
    used = with_grant(replace(CODE, facts=CURRENT.facts), generation=1, renewed_at=NOW)

    assert judge(used) == revoked(Reason.REUSED)


@pytest.mark.parametrize("verifier", [None, "w" * 43, "v" * 42, VERIFIER + "v", "ü" * 43])
def test_a_wrong_verifier_spends_nothing(verifier: str | None) -> None:
    """S-005, S-108"""
    assert judge(replace(CODE, proof=Proof(verifier, REDIRECT_URI))) == refused(Reason.WRONG_PROOF)


def test_a_verifier_for_a_code_without_challenge_is_a_downgrade() -> None:
    """S-005, RFC 9700 §4.8.2"""
    unchallenged = with_grant(CODE, challenge=None)

    assert judge(unchallenged) == refused(Reason.WRONG_PROOF)
    assert isinstance(judge(replace(unchallenged, proof=Proof(None, REDIRECT_URI))), Exchange)


def test_the_redirect_uri_may_be_left_out_only_with_pkce() -> None:
    """RFC 6749 §4.1.3; OAuth 2.1 leaves it to the challenge."""
    assert isinstance(judge(replace(CODE, proof=Proof(VERIFIER, None))), Exchange)
    assert judge(replace(with_grant(CODE, challenge=None), proof=Proof())) == refused(Reason.WRONG_PROOF)


@pytest.mark.parametrize("changed", [REDIRECT_URI + "/", REDIRECT_URI[:-1], REDIRECT_URI.upper(), "https://evil"])
def test_another_redirect_uri_spends_nothing(changed: str) -> None:
    assert judge(replace(CODE, proof=Proof(VERIFIER, changed))) == refused(Reason.WRONG_PROOF)


def test_a_used_code_with_a_wrong_verifier_ends_no_grant() -> None:
    used = with_grant(replace(CODE, facts=CURRENT.facts), challenge=challenge_of("x" * 43))

    assert judge(used) == refused(Reason.WRONG_PROOF)


# --- policies -----------------------------------------------------------------------------


def test_where_the_policy_keeps_tokens_the_same_one_is_returned() -> None:
    renewed = judge(CURRENT)

    assert isinstance(renewed, Renew)
    assert judge(with_policy(CURRENT, renew=RenewPolicy.NEVER)) == Keep(touch=False, access=renewed.access)


def test_a_kept_token_moves_its_idle_expiry_only_now_and_then() -> None:
    """Older than 1/64 of the idle timeout: else every refresh would be a write."""
    kept = with_policy(CURRENT, renew=RenewPolicy.NEVER)
    edge = IDLE_TIMEOUT // 64

    assert touches(with_grant(kept, used_at=ago(edge))) is False
    assert touches(with_grant(kept, used_at=ago(edge + 1))) is True
    assert touches(with_policy(with_grant(kept, used_at=ago(edge + 1)), extend_on_renew=False)) is False


def test_a_kept_token_ahead_of_the_store_is_adopted_as_it_is() -> None:
    verdict = judge(presenting(with_policy(CURRENT, renew=RenewPolicy.NEVER), 7))

    assert isinstance(verdict, Renew)
    assert (verdict.to, verdict.adopts) == (7, True)


def test_a_token_spent_before_the_policy_was_to_keep_them_is_still_spent() -> None:
    kept = with_policy(CURRENT, renew=RenewPolicy.NEVER)

    assert isinstance(judge(behind(kept, 1)), Redeliver)
    assert judge(behind(kept, 3)) == revoked(Reason.REUSED)


def test_access_is_that_of_the_whole_grant_whatever_was_asked_before() -> None:
    """S-033: nothing of a narrowed request is kept, so there is nothing to be sticky."""
    narrowed, whole = judge(asking(CURRENT, "read")), judge(CURRENT)

    assert isinstance(narrowed, Renew)
    assert isinstance(whole, Renew)
    assert (str(narrowed.access.scope), narrowed.access.audience) == ("read", API)
    assert whole.access.scope == CURRENT.grant.scope


def test_a_replay_with_too_wide_a_scope_is_still_a_replay() -> None:
    assert judge(asking(behind(CURRENT, 3), "photos", OTHER_API)) == revoked(Reason.REUSED)


def test_the_bound_key_is_asked_before_anything_can_end_the_grant() -> None:
    bound = with_grant(behind(CURRENT, 3), binding="jkt")

    assert judge(bound) == refused(Reason.WRONG_PROOF)
    assert judge(replace(bound, proof=Proof(binding="other"))) == refused(Reason.WRONG_PROOF)
    assert judge(replace(bound, proof=Proof(binding="jkt"))) == revoked(Reason.REUSED)


def test_another_context_changes_nothing_about_a_current_token() -> None:
    assert judge(replace(CURRENT, caller=ELSEWHERE)) == judge(replace(CURRENT, caller=Caller()))


# --- reading verdicts -----------------------------------------------------------------------


class Saying:
    """Equal to a verdict of that type and reason, whatever else it holds."""

    def __init__(self, kind: type[Refuse] | type[Revoke], reason: Reason) -> None:
        self._kind, self._reason = kind, reason

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (Refuse, Revoke)) and type(other) is self._kind and other.reason is self._reason

    def __hash__(self) -> int:
        return hash((self._kind, self._reason))

    def __repr__(self) -> str:
        return f"{self._kind.__name__}({self._reason})"


def refused(reason: Reason) -> Saying:
    return Saying(Refuse, reason)


def revoked(reason: Reason) -> Saying:
    return Saying(Revoke, reason)


def touches(case: Case) -> bool:
    verdict = judge(case)
    assert isinstance(verdict, Keep)
    return verdict.touch
