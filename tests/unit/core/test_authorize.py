"""What follows from an authorization request. OpenID Connect Core §3.1.2, RFC 8252 §8.6."""

from dataclasses import replace

import pytest

from evergrant.core.access import Grantable
from evergrant.core.authorization_request import AuthorizationRequest, ProvenRedirect, RedirectError
from evergrant.core.authorize import (
    Allowed,
    AskConsent,
    AskLogin,
    AuthorizeFacts,
    IssueCode,
    Progress,
    decide,
)
from evergrant.core.facts import Caller, Client, Consent, Session, SessionFacts
from evergrant.core.policy import DAY, MINUTE, SECOND
from evergrant.core.sessions import SessionLifetimes, SignedIn, signed_in, wants_touch
from evergrant.protocol.prompts import Prompt
from evergrant.protocol.scope import Scope
from evergrant.protocol.values import Millis
from evergrant.testing.clock import START
from tests.unit.server.records import ADA, ISSUER, WEB, a_client, a_subject

SESSION = Session(b"d" * 32, "sid", ADA, START, ("pwd",), START, START, Millis(START + 30 * DAY), Caller())
ADA_HERE = SignedIn(SESSION, a_subject())
REQUEST = AuthorizationRequest(
    redirect=ProvenRedirect("https://app.example/cb", "s"),
    wanted=Grantable(Scope.of("openid", "notes"), ("https://api.example",)),
    challenge="c",
    nonce=None,
    prompts=frozenset(),
    max_age=None,
    login_hint="ada",
)
ASKS = Allowed(ADA, ("openid", "notes"), ("https://api.example",))
CONSENT = Consent(ADA, WEB, Scope.of("openid", "notes", "old"), ("https://api.example",), START)
LATER = Millis(START + 10 * SECOND)


def judge(
    request: AuthorizationRequest = REQUEST,
    *,
    client: Client | None = None,
    who: SignedIn | None = ADA_HERE,
    consent: Consent | None = CONSENT,
    progress: Progress = Progress(),  # noqa: B008 - a frozen value
    now: Millis = LATER,
) -> RedirectError | AskLogin | AskConsent | IssueCode:
    facts = AuthorizeFacts(a_client() if client is None else client, ISSUER, who, consent)
    return decide(request, facts, progress, now)


def asking(*prompts: Prompt, max_age: int | None = None) -> AuthorizationRequest:
    return replace(REQUEST, prompts=frozenset(prompts), max_age=max_age)


def error_of(decision: object) -> str:
    assert isinstance(decision, RedirectError)
    return decision.error.code


def test_somebody_signed_in_who_consented_before_gets_a_code_at_once() -> None:
    assert judge() == IssueCode(ADA_HERE, REQUEST.wanted, None)


def test_nobody_signed_in_is_asked_to_sign_in() -> None:
    assert judge(who=None) == AskLogin("ada")


def test_prompt_none_never_asks() -> None:
    quiet = asking(Prompt.NONE)

    assert error_of(judge(quiet, who=None)) == "login_required"
    assert error_of(judge(quiet, consent=None)) == "consent_required"
    assert isinstance(judge(quiet), IssueCode)


def test_prompt_login_is_satisfied_only_by_a_sign_in_of_this_interaction() -> None:
    again = asking(Prompt.LOGIN)

    assert isinstance(judge(again, now=START), AskLogin)
    assert isinstance(judge(again, progress=Progress(session=b"another")), AskLogin)
    assert isinstance(judge(again, progress=Progress(session=SESSION.digest)), IssueCode)


@pytest.mark.parametrize(
    ("max_age", "age", "asks"), [(10, 10_000, False), (10, 10_001, True), (0, 0, True), (1, -5, False)]
)
def test_max_age_asks_for_a_recent_sign_in(max_age: int, age: int, asks: bool) -> None:
    decision = judge(asking(max_age=max_age), now=Millis(START + age))

    assert isinstance(decision, AskLogin) is asks


def test_a_sign_in_of_this_interaction_is_recent_however_long_the_consent_took() -> None:
    decision = judge(asking(max_age=0), progress=Progress(session=SESSION.digest), now=Millis(START + 5 * MINUTE))

    assert isinstance(decision, IssueCode)


@pytest.mark.parametrize(
    "consent",
    [
        None,
        replace(CONSENT, scope=Scope.of("openid")),
        replace(CONSENT, resources=()),
    ],
)
def test_new_scopes_and_resources_are_asked_for(consent: Consent | None) -> None:
    assert judge(consent=consent) == AskConsent(ADA_HERE, ASKS, on_this_device=False)


def test_prompt_consent_asks_again_and_takes_yes_for_an_answer() -> None:
    again = asking(Prompt.CONSENT)

    assert isinstance(judge(again), AskConsent)
    assert isinstance(judge(again, client=replace(a_client(), first_party=True)), AskConsent)
    assert isinstance(judge(again, progress=Progress(allowed=ASKS)), IssueCode)


def test_what_is_allowed_is_remembered_beside_what_was() -> None:
    before = replace(CONSENT, scope=Scope.of("old"), resources=())

    decision = judge(consent=before, progress=Progress(allowed=ASKS))

    assert isinstance(decision, IssueCode)
    assert decision.remember == Consent(ADA, WEB, Scope.of("old", "openid", "notes"), ("https://api.example",), LATER)


@pytest.mark.parametrize(
    "allowed",
    [
        replace(ASKS, scope=("openid",)),
        replace(ASKS, resources=()),
        replace(ASKS, subject=a_subject("u_bob", "bob").id),
    ],
)
def test_a_yes_to_another_question_is_no_answer_to_this_one(allowed: Allowed) -> None:
    assert isinstance(judge(consent=None, progress=Progress(allowed=allowed)), AskConsent)


def test_a_first_party_client_is_not_asked_about() -> None:
    assert judge(client=replace(a_client(), first_party=True), consent=None) == IssueCode(
        ADA_HERE, REQUEST.wanted, None
    )


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:4711/cb", "http://[::1]/cb", "http://localhost/cb", "com.example.app:/cb"]
)
def test_a_public_client_on_the_device_is_asked_about_every_time(uri: str) -> None:
    """S-020, Q-12."""
    native = replace(REQUEST, redirect=ProvenRedirect(uri, None))
    client = replace(a_client(), first_party=True)

    assert judge(native, client=client) == AskConsent(ADA_HERE, ASKS, on_this_device=True)
    assert error_of(judge(replace(native, prompts=frozenset({Prompt.NONE})), client=client)) == "consent_required"
    assert judge(native, progress=Progress(allowed=ASKS)) == IssueCode(ADA_HERE, REQUEST.wanted, None)
    assert isinstance(judge(native, client=replace(client, public=False)), IssueCode)


def test_our_own_origin_is_ours_even_on_loopback() -> None:
    own = replace(REQUEST, redirect=ProvenRedirect("http://localhost:8000/", None))
    facts = AuthorizeFacts(a_client(), "http://localhost:8000", ADA_HERE, CONSENT)

    assert isinstance(decide(own, facts, Progress(), LATER), IssueCode)
    other_port = replace(REQUEST, redirect=ProvenRedirect("http://localhost:8001/", None))
    assert isinstance(decide(other_port, facts, Progress(), LATER), AskConsent)


@pytest.mark.parametrize(
    ("session", "now"),
    [
        (SESSION, Millis(START + 12 * 60 * MINUTE)),
        (replace(SESSION, used_at=Millis(START + 30 * DAY - 1)), Millis(START + 30 * DAY)),
    ],
)
def test_a_session_ends_when_idle_and_in_any_case(session: Session, now: Millis) -> None:
    """Q-16."""
    lifetimes = SessionLifetimes()

    assert signed_in(SessionFacts(session, a_subject()), lifetimes, now) is None
    assert signed_in(SessionFacts(session, a_subject()), lifetimes, Millis(now - 1)) is not None


def test_a_session_of_somebody_gone_or_disabled_is_none() -> None:
    lifetimes = SessionLifetimes()

    assert signed_in(SessionFacts(SESSION, None), lifetimes, START) is None
    assert signed_in(SessionFacts(SESSION, replace(a_subject(), disabled=True)), lifetimes, START) is None
    assert signed_in(None, lifetimes, START) is None
    assert not wants_touch(SESSION, lifetimes, LATER)
    assert wants_touch(SESSION, lifetimes, Millis(START + 20 * MINUTE))
