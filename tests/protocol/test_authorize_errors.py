"""Errors of the authorization endpoint: to the client only when it and its URI are proven. RFC 6749 §4.1.2.1."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.protocol.changes import change_client
from tests.protocol.program import Program, challenge, verifier
from tests.protocol.registry import CALLBACK
from tests.protocol.served import Served
from tests.protocol.tab import Tab, is_error_page, sent_to, tab, text_of

FAULTS = {
    "no response type": ({"response_type": ""}, "invalid_request"),
    "implicit": ({"response_type": "token"}, "unsupported_response_type"),
    "form post": ({"response_mode": "form_post"}, "invalid_request"),
    "request object": ({"request": "e30."}, "request_not_supported"),
    "request uri": ({"request_uri": "https://a.example/r"}, "request_uri_not_supported"),
    "no challenge": ({"code_challenge": ""}, "invalid_request"),
    "plain challenge": ({"code_challenge_method": "plain"}, "invalid_request"),
    "unknown scope": ({"scope": "openid everything"}, "invalid_scope"),
    "unknown resource": ({"resource": "https://nowhere.example"}, "invalid_target"),
    "contradicting prompts": ({"prompt": "none login"}, "invalid_request"),
    "nobody signed in": ({"prompt": "none"}, "login_required"),
    "wrong max_age": ({"max_age": "soon"}, "invalid_request"),
}
EVIL = "https://evil.example/callback"
SCRIPT = "'\"><script>alert(1)</script>"


@pytest.fixture
def browser(served: Served) -> Iterator[Tab]:
    with tab(served.url) as opened:
        yield opened


@pytest.mark.parametrize("fault", FAULTS)
def test_an_error_is_sent_to_the_client_with_state_and_issuer(
    served: Served, web: Program, browser: Tab, fault: str
) -> None:
    """S-003: 303. S-007: `iss` also in errors."""
    changes, code = FAULTS[fault]

    answer = sent_to(browser.open(web.authorization_url(verifier(), **changes)), CALLBACK)

    assert (answer["error"], answer["state"], answer["iss"]) == (code, "state-1", served.url)
    assert answer.keys() == {"error", "error_description", "state", "iss"}


@pytest.mark.parametrize("fault", [*FAULTS, "none"])
@pytest.mark.parametrize(
    "unproven", [{"redirect_uri": EVIL}, {"redirect_uri": ""}, {"client_id": "nobody"}, {"client_id": ""}]
)
def test_no_error_is_sent_to_anybody_who_is_not_proven(
    web: Program, browser: Tab, fault: str, unproven: dict[str, str]
) -> None:
    """S-002, R-012, R-031."""
    changes = FAULTS[fault][0] if fault in FAULTS else {}

    answer = browser.open(web.authorization_url(verifier(), **changes, **unproven))

    assert is_error_page(answer)
    assert "evil.example" not in answer.text


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1/callback/",
        "http://127.0.0.1/callback?",
        "http://127.0.0.1/Callback",
        "HTTP://127.0.0.1/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1@evil.example/callback",
        "http://127.0.0.1/x/../callback",
        "http://127.0.0.1/callback#f",
        "http://127.1/callback",
        "http://127.0.0.1/%63allback",
        "http://127.0.0.1/callback ",
        "javascript:alert(1)//http://127.0.0.1/callback",
    ],
)
def test_a_redirect_uri_is_compared_letter_by_letter(web: Program, browser: Tab, uri: str) -> None:
    """S-001, R-030, R-033."""
    assert is_error_page(browser.open(web.authorization_url(verifier(), redirect_uri=uri)))


def test_a_loopback_redirect_uri_may_have_any_port(web: Program, browser: Tab) -> None:
    """RFC 8252 §7.3."""
    uri = "http://127.0.0.1:49152/callback"

    answer = browser.open(web.authorization_url(verifier(), redirect_uri=uri, prompt="none"))

    assert sent_to(answer, uri)["error"] == "login_required"


def test_repeated_parameters_are_refused_and_unknown_ones_ignored(web: Program, browser: Tab) -> None:
    """S-018; RFC 6749 §3.1."""
    url = web.authorization_url(verifier(), prompt="none")

    for name in ("state", "client_id", "redirect_uri", "scope", "nonce"):
        assert is_error_page(browser.open(f"{url}&{name}=x&{name}=y"))
    assert sent_to(browser.open(f"{url}&allow_redirects=True&colour=red"), CALLBACK)["error"] == "login_required"


def test_a_disabled_client_is_nobody(served: Served, web: Program, browser: Tab) -> None:
    """S-002."""
    change_client(served, web.client, disabled=True)

    assert is_error_page(browser.open(web.authorization_url(verifier(), prompt="none")))


def test_a_client_without_the_code_grant_is_told_so(served: Served, web: Program, browser: Tab) -> None:
    change_client(served, web.client, grant_types=frozenset({"client_credentials"}))

    answer = browser.open(web.authorization_url(verifier()))

    assert sent_to(answer, CALLBACK)["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    "state", ["a&code=x", "a%26code%3Dx", "x\r\nSet-Cookie: a=b", "#fragment", "é\U0001f511", "s" * 4096, "' OR 1=1"]
)
def test_state_comes_back_as_it_was_sent(served: Served, web: Program, browser: Tab, state: str) -> None:
    """S-019, R-032: nothing of it becomes a parameter or a header of ours."""
    answer = browser.open(web.authorization_url(verifier(), prompt="none", state=state))

    assert sent_to(answer, CALLBACK)["state"] == state
    assert "set-cookie" not in answer.headers or "a=b" not in answer.headers["set-cookie"]


def test_a_redirect_uri_s_own_query_is_kept(served: Served, web: Program, browser: Tab) -> None:
    change_client(served, web.client, redirect_uris=("https://app.example/cb?tenant=1",))

    answer = browser.open(
        web.authorization_url(verifier(), prompt="none", redirect_uri="https://app.example/cb?tenant=1")
    )

    assert answer.headers["location"].startswith("https://app.example/cb?tenant=1&error=login_required&")


@pytest.mark.parametrize(
    "name", ["client_id", "redirect_uri", "scope", "state", "login_hint", "prompt", "nonce", SCRIPT]
)
def test_no_parameter_becomes_markup(web: Program, browser: Tab, name: str) -> None:
    """R-038, S-127."""
    for changes in ({}, {"redirect_uri": EVIL}):
        url = web.authorization_url(verifier(), **{**changes, name: SCRIPT})
        answer = browser.open(url)
        assert "<script>" not in answer.text


def test_a_login_hint_is_shown_as_text(web: Program, browser: Tab) -> None:
    """S-127."""
    page = browser.open(web.authorization_url(verifier(), login_hint="ada\u202eadmin" + SCRIPT))

    assert page.status_code == 200
    assert "\u202e" not in page.text
    assert "ada[U+202E]admin" in text_of(page)


def test_a_posted_request_is_the_same_request(web: Program, browser: Tab) -> None:
    """OpenID Connect Core §3.1.2.1; the form of another site brings no cookies, so it is sent on as a GET."""
    proof = verifier()
    fields = {
        "response_type": "code",
        "client_id": web.client.id,
        "redirect_uri": CALLBACK,
        "scope": "openid read",
        "state": "a&b",
        "code_challenge": challenge(proof),
        "code_challenge_method": "S256",
        "prompt": "none",
    }

    first = browser.http.post(f"{web.issuer}/authorize", data=fields, headers={"Sec-Fetch-Site": "cross-site"})

    assert first.status_code == 303
    assert first.headers["location"].startswith("/authorize?")
    answer = sent_to(browser.open(f"{web.issuer}{first.headers['location']}"), CALLBACK)
    assert (answer["error"], answer["state"]) == ("login_required", "a&b")


def test_a_request_that_is_too_large_or_no_form_is_refused(web: Program, browser: Tab) -> None:
    url = f"{web.issuer}/authorize"

    assert browser.http.post(url, content=b"{}", headers={"Content-Type": "application/json"}).status_code == 415
    assert browser.http.post(url, data={"state": "x" * 70_000}).status_code == 413
    assert browser.http.put(url).status_code == 405
    assert browser.http.get(f"{url}?{urlencode({'state': 's' * 4097})}").status_code == 400
    assert is_error_page(browser.http.get(f"{url}?client_id=%ff"))


def test_the_endpoint_is_for_no_other_origin_s_program(web: Program, browser: Tab) -> None:
    """S-017: no CORS on authorize."""
    answer = browser.open(web.authorization_url(verifier()), Origin="https://app.example")

    assert not [name for name in answer.headers if name.startswith("access-control-")]
