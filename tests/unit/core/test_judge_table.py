"""`judge()` against every row of the table, by number and in order (design: "How a presented token is judged")."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations

import pytest

from evergrant.core.credential import Kind
from evergrant.core.decisions import Exchange, Keep, Redeliver, Refuse, Renew, Revoke, Verdict
from evergrant.core.facts import EventKind, GrantState
from evergrant.core.grant import REACH, SPENT_CODE, SPENT_TOKEN, TABLE, Case, Proof, judge, row_for
from evergrant.core.policy import DAY
from evergrant.core.policy import Renew as RenewPolicy
from evergrant.core.reasons import Reason
from evergrant.protocol.errors import InvalidGrant, InvalidScope, InvalidTarget, OAuthError
from evergrant.protocol.values import ClientId, Millis
from tests.unit.core.cases import (
    CODE,
    CURRENT,
    FAMILY_SECRET,
    NOW,
    OTHER_API,
    SUBJECT,
    WINDOW,
    asking,
    behind,
    presenting,
    with_grant,
    with_policy,
    with_subject,
)

Trouble = Callable[[Case], Case]

LONG_AGO = Millis(NOW - WINDOW - 1)

# What is wrong in each row, as a change that can be made to any case.
TROUBLES: Mapping[str, Trouble] = {
    "1": lambda case: replace(case, presented=None),
    "2": lambda case: replace(case, presented=replace(case.token, secret=b"x" * 16)),
    "3": lambda case: with_grant(case, client_id=ClientId("other")),
    "4": lambda case: with_grant(case, binding="jkt"),
    "5": lambda case: with_grant(case, state=GrantState.REVOKED),
    "6a": lambda case: with_grant(case, expires_at=NOW),
    "6b": lambda case: with_grant(case, used_at=Millis(NOW - 14 * DAY)),
    "7": lambda case: with_subject(case, replace(SUBJECT, disabled=True)),
    "8": lambda case: with_grant(case, key_id=3, generation=case.token.generation),
    "9": lambda case: behind(case, 3),
    "10": lambda case: behind(with_grant(case, renewed_at=LONG_AGO), 1),
    "11": lambda case: asking(case, "read photos"),
    "12": lambda case: behind(case, 1),
    "13": lambda case: case,
}


def troubled(number: str, case: Case = CURRENT) -> Case:
    """The case, made one of that row."""
    return TROUBLES[number](case)


def test_the_table_has_the_rows_of_the_design_in_their_order() -> None:
    assert [row.number for row in TABLE] == list(TROUBLES)


@pytest.mark.parametrize("number", TROUBLES)
def test_each_row_decides_its_own_case(number: str) -> None:
    assert row_for(troubled(number)).number == number


@pytest.mark.parametrize(("earlier", "later"), list(combinations(TROUBLES, 2)))
def test_the_first_row_that_matches_decides(earlier: str, later: str) -> None:
    """Rows 3 and 4 before 5: nobody but the right client ends a grant. Rows 9 and 10 before 11: theft comes first."""
    assert row_for(troubled(earlier, troubled(later))).number == earlier


REFUSED, ENDED, STOLEN = EventKind.REFRESH_REFUSED, EventKind.GRANT_REVOKED, EventKind.GRANT_REUSED

REFUSALS: list[tuple[str, str, Case, type[Refuse] | type[Revoke], Reason, EventKind | None]] = [
    ("1", "garbage", troubled("1"), Refuse, Reason.GARBAGE, None),
    ("2", "no such grant", replace(CURRENT, facts=None), Refuse, Reason.UNKNOWN, REFUSED),
    ("2", "wrong secret", troubled("2"), Refuse, Reason.UNKNOWN, REFUSED),
    ("2", "wrong secret of a code", troubled("2", CODE), Refuse, Reason.UNKNOWN, REFUSED),
    ("3", "another client's", troubled("3"), Refuse, Reason.OTHER_CLIENT, EventKind.OTHER_CLIENT),
    ("4", "no key for a bound grant", troubled("4"), Refuse, Reason.WRONG_PROOF, REFUSED),
    ("5", "revoked", troubled("5"), Refuse, Reason.REVOKED, REFUSED),
    ("6a", "absolute end", troubled("6a"), Refuse, Reason.EXPIRED, REFUSED),
    (
        "6a",
        "a code's own end",
        with_grant(CODE, pending_expires_at=NOW),
        Refuse,
        Reason.EXPIRED,
        REFUSED,
    ),
    ("6b", "idle", troubled("6b"), Revoke, Reason.IDLE, ENDED),
    ("7", "subject gone", with_subject(CURRENT, None), Revoke, Reason.SUBJECT_GONE, ENDED),
    ("7", "subject disabled", troubled("7"), Revoke, Reason.SUBJECT_DISABLED, ENDED),
    (
        "8",
        "far ahead",
        presenting(CURRENT, 5 + REACH + 1),
        Refuse,
        Reason.TOO_FAR_AHEAD,
        EventKind.TOO_FAR_AHEAD,
    ),
    ("8", "current, under a retired key", troubled("8"), Refuse, Reason.RETIRED_KEY, REFUSED),
    ("8", "ahead, under a retired key", presenting(CURRENT, 6, key_id=1), Refuse, Reason.RETIRED_KEY, REFUSED),
    ("9", "three behind within the window", troubled("9"), Revoke, Reason.REUSED, STOLEN),
    ("10", "one behind, too late", troubled("10"), Revoke, Reason.REUSED, STOLEN),
    (
        "10",
        "two behind, too late",
        behind(with_grant(CURRENT, previous_renewed_at=LONG_AGO), 2),
        Revoke,
        Reason.REUSED,
        STOLEN,
    ),
    ("11", "scope beyond the grant", troubled("11"), Refuse, Reason.TOO_WIDE_SCOPE, REFUSED),
    (
        "11",
        "resource beyond the grant",
        asking(CURRENT, None, OTHER_API),
        Refuse,
        Reason.WRONG_TARGET,
        REFUSED,
    ),
]


@pytest.mark.parametrize(
    ("number", "case", "decision", "reason", "event"),
    [(number, *rest) for number, _, *rest in REFUSALS],
    ids=[f"{number} {what}" for number, what, *_ in REFUSALS],
)
def test_a_refusal_says_why_to_us(
    number: str, case: Case, decision: type[Verdict], reason: Reason, event: EventKind | None
) -> None:
    verdict = judge(case)

    assert row_for(case).number == number
    assert isinstance(verdict, (Refuse, Revoke))
    assert type(verdict) is decision
    assert (verdict.reason, verdict.error.reason, verdict.event) == (reason, reason, event)


def test_to_the_client_all_refusals_of_a_token_sound_the_same() -> None:
    errors = {str(error_of(case)) for number, _, case, *_ in REFUSALS if number != "11" and case.kind is Kind.REFRESH}

    assert errors == {f"invalid_grant: {SPENT_TOKEN}"}


def test_to_the_client_all_refusals_of_a_code_sound_the_same() -> None:
    wrong = [
        troubled("1", CODE),
        troubled("2", CODE),
        troubled("3", CODE),
        troubled("4", CODE),
        troubled("5", CODE),
        troubled("7", CODE),
    ]

    assert {str(error_of(case)) for case in wrong} == {f"invalid_grant: {SPENT_CODE}"}


def test_what_is_asked_beyond_the_grant_is_named() -> None:
    assert isinstance(error_of(asking(CURRENT, "read photos")), InvalidScope)
    assert isinstance(error_of(asking(CURRENT, None, OTHER_API)), InvalidTarget)


@pytest.mark.parametrize(
    ("case", "decision"),
    [
        (CURRENT, Renew),
        (presenting(CURRENT, 6), Renew),
        (CODE, Exchange),
        (behind(CURRENT, 1), Redeliver),
        (behind(CURRENT, 2), Redeliver),
        (with_policy(CURRENT, renew=RenewPolicy.NEVER), Keep),
    ],
    ids=["current", "ahead", "code", "one behind", "two behind", "kept"],
)
def test_what_is_neither_refused_nor_ended_is_served(case: Case, decision: type[Verdict]) -> None:
    assert type(judge(case)) is decision


def test_no_grant_is_needed_to_refuse_garbage() -> None:
    assert row_for(replace(CURRENT, presented=None, facts=None)).number == "1"


def test_the_rows_of_a_code_come_in_the_same_order() -> None:
    """S-006: a wrong verifier never ends a grant, also when the code was used before."""
    used = with_grant(replace(CODE, facts=CURRENT.facts), generation=1)

    assert row_for(used).number == "10"
    assert row_for(replace(used, proof=Proof("w" * 43, None))).number == "4"
    assert row_for(troubled("3", used)).number == "3"
    assert row_for(troubled("5", used)).number == "5"


def test_a_code_is_none_of_the_tokens_of_its_grant() -> None:
    """The family secret is drawn at 0 -> 1: a code's secret opens nothing but the code."""
    assert row_for(replace(CURRENT, presented=replace(CURRENT.token, secret=CODE.token.secret))).number == "2"
    assert row_for(replace(CODE, presented=replace(CODE.token, secret=FAMILY_SECRET))).number == "2"


def error_of(case: Case) -> OAuthError:
    """The error that the verdict holds."""
    verdict = judge(case)
    assert isinstance(verdict, (Refuse, Revoke))
    assert isinstance(verdict.error, (InvalidGrant, InvalidScope, InvalidTarget))
    return verdict.error
