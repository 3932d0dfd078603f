"""Signing out. OpenID Connect RP-Initiated Logout 1.0."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from tests.protocol.changes import change_client
from tests.protocol.conftest import ON_BOTH
from tests.protocol.program import Program, verifier
from tests.protocol.registry import CALLBACK, User
from tests.protocol.served import DAY, MINUTE, Served, error
from tests.protocol.tab import Tab, is_error_page, sent_to, shows, tab

pytestmark = ON_BOTH
BYE = "https://app.example/bye"


@pytest.fixture
def browser(served: Served) -> Iterator[Tab]:
    with tab(served.url) as opened:
        yield opened


@pytest.fixture
def web(served: Served, web: Program) -> Program:
    change_client(served, web.client, post_logout_redirect_uris=(BYE,))
    return web


def sign_in(browser: Tab, program: Program, user: User, scope: str = "openid read") -> dict[str, Any]:
    """Signed in in this browser, with the tokens of the client."""
    proof = verifier()
    page = browser.sign_in(browser.open(program.authorization_url(proof, scope=scope)), user)
    answer = browser.press(page, "allow") if shows(page, "allow") else page
    code = sent_to(answer, CALLBACK)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": proof}
    return dict(program.token(**form).json())


def is_signed_in(browser: Tab, program: Program) -> bool:
    answer = browser.open(program.authorization_url(verifier(), prompt="none", scope="openid read"))
    return "code" in sent_to(answer, CALLBACK)


def logout(browser: Tab, program: Program, **parameters: str) -> httpx2.Response:
    return browser.open(f"{program.issuer}/logout?{urlencode(parameters)}")


def test_the_session_s_own_id_token_signs_out_at_once(served: Served, browser: Tab, web: Program, user: User) -> None:
    tokens = sign_in(browser, web, user)
    assert is_signed_in(browser, web)

    answer = logout(browser, web, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE, state="s&t")

    assert sent_to(answer, BYE) == {"state": "s&t"}
    assert served.registry.events(answer.headers["x-correlation-id"]) == [("signed_out", None)]
    assert not is_signed_in(browser, web)


def test_an_old_id_token_will_do(served: Served, browser: Tab, web: Program, user: User) -> None:
    """§2: expired is accepted."""
    tokens = sign_in(browser, web, user)
    served.clock.advance(60 * MINUTE)

    answer = logout(browser, web, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE)

    assert (answer.status_code, answer.headers["location"]) == (303, BYE)


@pytest.mark.parametrize("named", [True, False])
def test_without_an_id_token_the_person_is_asked(browser: Tab, web: Program, user: User, *, named: bool) -> None:
    """Q-14: anybody could have sent the browser here."""
    sign_in(browser, web, user)
    parameters = {"client_id": web.client.id, "post_logout_redirect_uri": BYE, "state": "s"} if named else {}

    page = logout(browser, web, **parameters)

    assert shows(page, "sign-out")
    assert user.username in page.text
    assert is_signed_in(browser, web)
    answer = browser.press(page, "sign-out")
    assert not is_signed_in(browser, web)
    if named:
        assert sent_to(answer, BYE) == {"state": "s"}
    else:
        assert answer.status_code == 200
        assert "You are signed out" in answer.text


def test_who_stays_stays_signed_in(browser: Tab, web: Program, user: User) -> None:
    sign_in(browser, web, user)

    browser.press(logout(browser, web), "stay")

    assert is_signed_in(browser, web)


@pytest.mark.parametrize(
    "uri", ["https://evil.example/", BYE + "/", BYE + "?x", "https://app.example@evil.example/bye"]
)
def test_nobody_is_sent_to_a_uri_that_is_not_registered(browser: Tab, web: Program, user: User, uri: str) -> None:
    """Q-18: no open redirector."""
    tokens = sign_in(browser, web, user)

    answer = logout(browser, web, id_token_hint=tokens["id_token"], post_logout_redirect_uri=uri)

    assert answer.status_code == 200
    assert "location" not in answer.headers
    assert "evil.example" not in answer.text
    assert not is_signed_in(browser, web)


def test_an_id_token_proves_only_its_own_client(served: Served, browser: Tab, web: Program, user: User) -> None:
    """§2: client_id and id_token_hint must agree."""
    tokens = sign_in(browser, web, user)
    other = served.registry.client(post_logout_redirect_uris=("https://other.example/",))
    wanted = {"client_id": other.id, "post_logout_redirect_uri": "https://other.example/"}

    page = logout(browser, web, id_token_hint=tokens["id_token"], **wanted)

    assert shows(page, "sign-out")
    answer = browser.press(page, "sign-out")
    assert (answer.status_code, "location" in answer.headers) == (200, False)


@pytest.mark.parametrize("forge", ["access_token", "tampered", "garbage", "unsigned"])
def test_what_is_not_our_id_token_signs_nobody_out(browser: Tab, web: Program, user: User, forge: str) -> None:
    tokens = sign_in(browser, web, user)
    head, body, signature = tokens["id_token"].split(".")
    hint = {
        "access_token": tokens["access_token"],
        "tampered": f"{head}.{body}.{signature[::-1]}",
        "garbage": "garbage",
        "unsigned": f"eyJhbGciOiJub25lIn0.{body}.",
    }[forge]

    page = logout(browser, web, id_token_hint=hint, post_logout_redirect_uri=BYE, client_id=web.client.id)

    assert shows(page, "sign-out")
    assert is_signed_in(browser, web)
    assert "location" not in browser.press(page, "sign-out").headers


def test_an_id_token_of_another_session_is_no_answer(served: Served, browser: Tab, web: Program, user: User) -> None:
    with tab(served.url) as elsewhere:
        tokens = sign_in(elsewhere, web, user)
    sign_in(browser, web, user)

    assert shows(logout(browser, web, id_token_hint=tokens["id_token"]), "sign-out")
    assert is_signed_in(browser, web)


def test_nobody_signed_in_goes_straight_on(browser: Tab, web: Program) -> None:
    answer = logout(browser, web, client_id=web.client.id, post_logout_redirect_uri=BYE)

    assert (answer.status_code, answer.headers["location"]) == (303, BYE)


def test_a_posted_request_of_another_site_finds_the_session(browser: Tab, web: Program, user: User) -> None:
    """Its form brings no cookies: without the detour a person who is signed in would be told that nobody is."""
    sign_in(browser, web, user)
    with httpx2.Client() as without_cookies:
        sent = without_cookies.post(
            f"{web.issuer}/logout", data={"client_id": web.client.id, "post_logout_redirect_uri": BYE, "state": "s"}
        )
    assert sent.status_code == 303

    page = browser.open(f"{web.issuer}{sent.headers['location']}")

    assert shows(page, "sign-out")
    assert sent_to(browser.press(page, "sign-out"), BYE) == {"state": "s"}


def test_a_posted_request_of_our_own_page_is_answered_at_once(browser: Tab, web: Program, user: User) -> None:
    tokens = sign_in(browser, web, user)

    answer = browser.http.post(
        f"{web.issuer}/logout", data={"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": BYE}
    )

    assert (answer.status_code, answer.headers["location"]) == (303, BYE)


def test_grants_end_with_the_session_unless_they_are_offline(
    served: Served, browser: Tab, web: Program, user: User
) -> None:
    """Policy `on_logout`, default `revoke_online`."""
    change_client(served, web.client, first_party=True)
    online, offline = sign_in(browser, web, user, "read"), None
    page = browser.open(web.authorization_url("p" * 64, scope="openid offline_access"))
    code = sent_to(page, CALLBACK)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": "p" * 64}
    offline = web.token(**form).json()

    browser.press(logout(browser, web), "sign-out")

    assert error(web.refresh(online["refresh_token"])) == (400, "invalid_grant")
    assert web.refresh(offline["refresh_token"]).status_code == 200
    assert not web.introspect(online["access_token"]).get("active")


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
def test_the_confirmation_of_another_site_is_refused(
    browser: Tab, web: Program, user: User, headers: dict[str, str]
) -> None:
    """S-124."""
    sign_in(browser, web, user)

    assert is_error_page(browser.send(logout(browser, web), "sign-out", headers))
    assert is_signed_in(browser, web)


def test_the_confirmation_of_another_browser_or_too_late_is_refused(
    served: Served, browser: Tab, web: Program, user: User
) -> None:
    sign_in(browser, web, user)
    page = logout(browser, web)
    with tab(served.url) as other:
        sign_in(other, web, user)
        assert is_error_page(other.send(page, "sign-out"))
        assert is_signed_in(other, web)

    served.clock.advance(11 * MINUTE)

    assert is_error_page(browser.send(page, "sign-out"))
    assert is_signed_in(browser, web)


def test_repeated_parameters_are_refused(browser: Tab, web: Program) -> None:
    assert is_error_page(browser.open(f"{web.issuer}/logout?state=a&state=b"))


def test_a_session_forgets_itself(served: Served, browser: Tab, web: Program, user: User) -> None:
    sign_in(browser, web, user)

    served.clock.advance(DAY)

    assert not is_signed_in(browser, web)
