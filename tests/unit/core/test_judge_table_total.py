"""The judgement is total: every case has exactly one verdict, whatever is in it."""

from dataclasses import replace
from typing import Any, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from evergrant.core.access import Asked
from evergrant.core.credential import Kind
from evergrant.core.decisions import Exchange, Keep, Redeliver, Refuse, Renew, Revoke
from evergrant.core.facts import Caller, Epochs, GrantFacts, GrantState
from evergrant.core.grant import REACH, Case, judge, row_for
from evergrant.core.policy import DAY, MINUTE, Action, EpochEvent, Streak
from evergrant.core.policy import Renew as RenewPolicy
from evergrant.protocol.scope import Scope
from evergrant.protocol.values import ClientId, Millis
from tests.unit.core.cases import (
    API,
    CLIENT,
    CODE,
    CODE_SECRET,
    CURRENT,
    FAMILY_SECRET,
    ISSUER,
    NOW,
    OTHER_API,
    REDIRECT_URI,
    SUBJECT,
    VERIFIER,
)

TIMES = st.one_of(st.integers(-2, 2), st.integers(-61_000, 61_000), st.integers(-DAY, DAY)).map(
    lambda apart: Millis(NOW + apart)
)
SCOPES = st.lists(st.sampled_from(["openid", "offline_access", "read", "write", "photos", "other"]), max_size=4).map(
    lambda tokens: Scope.of(*tokens)
)
TARGETS = st.lists(st.sampled_from([API, OTHER_API, ISSUER, "https://gone.example"]), max_size=2).map(tuple)
CALLERS = st.builds(Caller, st.sampled_from("ab"), st.sampled_from(["", "192.0.2.0/24", "2001:db8::/48"]))
GENERATIONS = st.one_of(st.integers(0, 12), st.integers(REACH, REACH + 12))
KEYS = st.integers(1, 3)
EPOCHS = st.integers(2, 8)
FLAGS = st.booleans()

Fields = dict[str, st.SearchStrategy[Any]]  # values of many types: `replace` takes them all

TOKEN: Fields = {
    "kind": st.sampled_from(Kind),
    "key_id": KEYS,
    "secret": st.sampled_from([CODE_SECRET, FAMILY_SECRET, b"x" * 16]),
    "generation": GENERATIONS,
}
ROW: Fields = {
    "client_id": st.sampled_from([CLIENT.id, ClientId("other")]),
    "state": st.sampled_from(GrantState),
    "generation": st.integers(0, 12),
    "key_id": KEYS,
    "renewed_at": TIMES,
    "previous_renewed_at": TIMES,
    "used_at": TIMES,
    "expires_at": TIMES,
    "pending_expires_at": TIMES,
    "granted_at": TIMES,
    "retries": st.integers(0, 255),
    "scope": SCOPES,
    "resources": TARGETS,
    "offline": FLAGS,
    "refreshable": FLAGS,
    "binding": st.sampled_from([None, "jkt"]),
    "epochs": st.builds(Epochs, EPOCHS, EPOCHS, EPOCHS),
    "challenge": st.none(),
    "redirect_uri": st.sampled_from([None, REDIRECT_URI]),
    "seen": CALLERS,
}
POLICY: Fields = {
    "renew": st.sampled_from(RenewPolicy),
    "extend_on_renew": FLAGS,
    "retry_window": st.sampled_from([0, MINUTE]),
    "streak": st.sampled_from(Streak),
    "refresh_token_idle_timeout": st.sampled_from([1, MINUTE, DAY]),
    **{f"on_{event}": st.sampled_from(Action) for event in EpochEvent if event is not EpochEvent.NONE},
}
REGISTERED: Fields = {
    "public": FLAGS,
    "disabled": FLAGS,
    "scope": SCOPES,
    "audiences": TARGETS,
    "epoch_event": st.sampled_from(EpochEvent),
}
PERSON: Fields = {"disabled": FLAGS, "epoch_event": st.sampled_from(EpochEvent)}
PROOF: Fields = {
    "verifier": st.sampled_from([None, VERIFIER, "short"]),
    "redirect_uri": st.sampled_from([None, REDIRECT_URI, "https://evil.example"]),
    "binding": st.sampled_from([None, "jkt", "other"]),
}
REQUEST: Fields = {
    "presented": st.none(),
    "facts": st.none(),
    "kind": st.sampled_from(Kind),
    "asked": st.builds(Asked, st.none() | SCOPES, TARGETS),
    "caller": CALLERS,
    "now": TIMES,
}
T = TypeVar("T")


@st.composite
def changed(draw: st.DrawFn, record: T, fields: Fields, most: int) -> T:
    """The record with at most so many of its fields drawn anew."""
    names = draw(st.lists(st.sampled_from(sorted(fields)), max_size=most, unique=True))
    return replace(record, **{name: draw(fields[name]) for name in names})  # type: ignore[type-var]  # dataclasses all


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A few changes away from an ordinary token or code, so that every row is reached."""
    case = draw(st.sampled_from([CURRENT, CODE]))
    subject = draw(st.sampled_from([SUBJECT, SUBJECT, SUBJECT, None]))
    case = replace(
        case,
        presented=draw(changed(case.token, TOKEN, 1)),
        facts=GrantFacts(draw(changed(case.grant, ROW, 3)), subject and draw(changed(subject, PERSON, 1))),
        client=draw(changed(case.client, REGISTERED, 1)),
        policy=draw(changed(case.policy, POLICY, 3)),
        proof=draw(changed(case.proof, PROOF, 1)),
    )
    return draw(changed(case, REQUEST, 1))


CASES = cases()


@given(CASES)
@settings(max_examples=200)
def test_every_case_has_exactly_one_verdict(case: Case) -> None:
    verdict = judge(case)

    assert isinstance(verdict, (Refuse, Revoke, Exchange, Renew, Redeliver, Keep))
    assert judge(case) == verdict or isinstance(verdict, (Refuse, Revoke))  # errors have no equality
    assert row_for(case) == row_for(case)


@given(CASES)
@settings(max_examples=200)
def test_only_a_proven_holder_of_a_genuine_token_can_end_a_grant(case: Case) -> None:
    """S-032, R-003, and invariant 5: rows 1 to 4 never revoke, and only these rows do."""
    if not isinstance(judge(case), Revoke):
        return

    assert row_for(case).number in {"6b", "7", "9", "10", "12"}
    assert case.grant.client_id == case.client.id
    assert case.grant.binding in (None, case.proof.binding)
    assert case.grant.state is not GrantState.REVOKED


@given(CASES)
@settings(max_examples=200)
def test_nothing_that_is_served_exceeds_grant_client_or_what_was_asked(case: Case) -> None:
    """Invariant 3, S-033."""
    verdict = judge(case)
    if isinstance(verdict, (Refuse, Revoke)):
        return

    scope, audience = verdict.access.scope, verdict.access.audience
    assert scope <= case.grant.scope
    assert scope <= case.client.scope
    assert case.asked.scope is None or scope <= case.asked.scope
    assert audience in (case.grant.resources or (ISSUER,))
    assert case.asked.resources in ((), (audience,))


@given(CASES)
@settings(max_examples=200)
def test_a_generation_never_falls(case: Case) -> None:
    verdict = judge(case)
    if isinstance(verdict, Renew):
        assert verdict.to > case.grant.generation
        assert verdict.adopts is (case.token.generation > case.grant.generation)
