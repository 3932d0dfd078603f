"""Reading an authorization request, and where its error may go. RFC 6749 §4.1.2.1, RFC 7636, RFC 9700 §2.1, §4.1."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.core.access import Grantable
from evergrant.core.authorization_request import (
    MOST_BYTES,
    PARAMETERS,
    AuthorizationRequest,
    ProvenRedirect,
    RedirectError,
    ShowError,
    read,
    remembered,
)
from evergrant.core.facts import Client
from evergrant.protocol.forms import Form
from evergrant.protocol.pkce import challenge_of
from evergrant.protocol.prompts import Prompt
from evergrant.protocol.scope import Scope
from evergrant.protocol.values import ClientId
from tests.unit.server.records import ISSUER, a_client, a_resource

VERIFIER = "v" * 43
CALLBACK = "https://app.example/cb"
API = a_resource(notes="Read your notes")
GOOD = {
    "client_id": "web",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid profile",
    "state": "s t/a?t=e",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}

FAULTS: Mapping[str, tuple[dict[str, str | None], str]] = {
    "no response type": ({"response_type": None}, "invalid_request"),
    "implicit": ({"response_type": "token"}, "unsupported_response_type"),
    "hybrid": ({"response_type": "code id_token"}, "unsupported_response_type"),
    "fragment mode": ({"response_mode": "fragment"}, "invalid_request"),
    "form post mode": ({"response_mode": "form_post"}, "invalid_request"),
    "request object": ({"request": "e30."}, "request_not_supported"),
    "request uri": ({"request_uri": "https://app.example/r"}, "request_uri_not_supported"),
    "registration": ({"registration": "{}"}, "registration_not_supported"),
    "no challenge": ({"code_challenge": None}, "invalid_request"),
    "neither challenge nor method": ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    "plain challenge": ({"code_challenge_method": "plain"}, "invalid_request"),
    "unnamed method": ({"code_challenge_method": None}, "invalid_request"),
    "short challenge": ({"code_challenge": "abc"}, "invalid_request"),
    "unknown scope": ({"scope": "openid admin"}, "invalid_scope"),
    "malformed scope": ({"scope": 'a"b'}, "invalid_scope"),
    "unknown resource": ({"resource": "https://elsewhere.example"}, "invalid_target"),
    "prompt none and login": ({"prompt": "none login"}, "invalid_request"),
    "negative max_age": ({"max_age": "-1"}, "invalid_request"),
    "too much": ({"nonce": "n" * MOST_BYTES}, "invalid_request"),
}


def a_web_client() -> Client:
    return replace(
        a_client(), scope=Scope.of("openid", "profile", "offline_access", "notes"), audiences=(API.identifier,)
    )


def ask(client: Client | None, changes: Mapping[str, str | None] = {}, **more: str | None) -> object:
    fields = {name: value for name, value in {**GOOD, **changes, **more}.items() if value is not None}
    return read(Form.of(fields), client, {API.identifier: API}, ISSUER)


def understood(answer: object) -> AuthorizationRequest:
    assert isinstance(answer, AuthorizationRequest)
    return answer


def test_a_good_request_is_read_into_one_value() -> None:
    request = understood(ask(a_web_client(), nonce="n", prompt="login consent", max_age="60", login_hint="ada"))

    assert request == AuthorizationRequest(
        redirect=ProvenRedirect(CALLBACK, "s t/a?t=e"),
        wanted=Grantable(Scope.of("openid", "profile"), (API.identifier,)),
        challenge=challenge_of(VERIFIER),
        nonce="n",
        prompts=frozenset({Prompt.LOGIN, Prompt.CONSENT}),
        max_age=60,
        login_hint="ada",
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_an_error_goes_to_a_proven_redirect_uri(fault: str) -> None:
    changes, code = FAULTS[fault]

    answer = ask(a_web_client(), changes)

    assert isinstance(answer, RedirectError)
    assert (answer.redirect.uri, answer.error.code) == (CALLBACK, code)


@pytest.mark.parametrize("fault", [*FAULTS, "none"])
@pytest.mark.parametrize(
    "uri", ["https://evil.example/cb", CALLBACK + "/", CALLBACK + "?", "javascript:alert(1)", None]
)
def test_no_error_leaves_for_a_redirect_uri_that_is_not_registered(fault: str, uri: str | None) -> None:
    """S-002, R-012, R-031."""
    changes = FAULTS[fault][0] if fault in FAULTS else {}

    assert isinstance(ask(a_web_client(), changes, redirect_uri=uri), ShowError)


@pytest.mark.parametrize("fault", [*FAULTS, "none"])
def test_no_error_leaves_for_a_client_that_is_unknown_or_disabled(fault: str) -> None:
    """S-002."""
    changes = FAULTS[fault][0] if fault in FAULTS else {}

    assert isinstance(ask(None, changes), ShowError)
    assert isinstance(ask(replace(a_web_client(), disabled=True), changes), ShowError)
    assert isinstance(ask(a_web_client(), changes, client_id=None), ShowError)


@given(at=st.integers(0, len(CALLBACK)), letter=st.characters(codec="ascii"), replaces=st.booleans())
def test_a_redirect_uri_that_differs_in_one_letter_is_another(at: int, letter: str, *, replaces: bool) -> None:
    """S-001."""
    mutant = CALLBACK[:at] + letter + CALLBACK[at + replaces :]
    if mutant == CALLBACK:
        return

    assert isinstance(ask(a_web_client(), redirect_uri=mutant), ShowError)


def test_a_loopback_redirect_uri_may_have_any_port() -> None:
    """RFC 8252 §7.3."""
    client = replace(a_web_client(), redirect_uris=("http://127.0.0.1/cb",))

    assert understood(ask(client, redirect_uri="http://127.0.0.1:5123/cb")).redirect.uri == "http://127.0.0.1:5123/cb"
    assert isinstance(ask(client, redirect_uri="http://127.0.0.1:5123/other"), ShowError)


def test_a_confidential_client_may_go_without_pkce_only_if_that_was_switched_off() -> None:
    """S-004."""
    confidential = replace(a_web_client(), public=False)
    bare = {"code_challenge": None, "code_challenge_method": None}

    assert isinstance(ask(confidential, bare), RedirectError)
    assert understood(ask(replace(confidential, require_pkce=False), bare)).challenge is None
    assert isinstance(ask(replace(a_web_client(), require_pkce=False), bare), RedirectError)


def test_a_client_without_the_code_grant_is_told_so() -> None:
    answer = ask(replace(a_web_client(), grant_types=frozenset({"client_credentials"})))

    assert isinstance(answer, RedirectError)
    assert answer.error.code == "unauthorized_client"


def test_no_scope_means_all_that_changes_nothing_about_the_grant() -> None:
    assert understood(ask(a_web_client(), scope=None)).wanted.scope == Scope.of("profile", "notes")


def test_offline_access_is_dropped_where_no_refresh_token_could_follow() -> None:
    """OpenID Connect Core §11."""
    client = replace(a_web_client(), grant_types=frozenset({"authorization_code"}))

    assert understood(ask(client, scope="openid offline_access")).wanted.scope == Scope.of("openid")
    assert "offline_access" in understood(ask(a_web_client(), scope="openid offline_access")).wanted.scope


def test_several_resources_may_be_asked_for() -> None:
    """RFC 8707 §2."""
    other = a_resource("https://mail.example")
    client = replace(a_web_client(), audiences=(API.identifier, other.identifier))
    fields = {name: (value,) for name, value in GOOD.items()} | {"resource": (other.identifier, API.identifier)}

    request = understood(read(Form(fields), client, {API.identifier: API, other.identifier: other}, ISSUER))

    assert request.wanted.resources == (other.identifier, API.identifier)


def test_unknown_parameters_are_forgotten_and_all_others_kept() -> None:
    form = Form.of({**GOOD, "allow_redirects": "True", "login_hint": "x" * 1000})

    assert remembered(form).names() == frozenset(GOOD)
    assert set(GOOD) <= set(PARAMETERS)


def test_a_client_that_is_named_otherwise_is_not_this_one() -> None:
    assert understood(ask(a_web_client())).redirect.uri == CALLBACK
    assert a_web_client().id == ClientId("web")
