"""Signing out: by a question, by an application that proves whose session it is, and by nobody else."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.journey import (
    REFUSED,
    allow,
    arrive,
    ask,
    code_from,
    cookies_of,
    expect_consent,
    expect_error,
    expect_sign_in,
    query_of,
    sign_in,
)
from tests.protocol.program import Program
from tests.protocol.registry import User
from tests.protocol.served import MINUTE, Served, body
from tests.support.callback import Callback
from tests.support.chromium import Complaints, NewPage


@pytest.fixture
def web(site: Served, callback: Callback) -> Program:
    """A client with one address to come back to after a logout."""
    return Program(site, site.registry.client(name="Harbour", post_logout_redirect_uris=(callback.uri("/bye"),)))


def logout(program: Program, **parameters: str) -> str:
    """A link that asks for a logout (RP-Initiated Logout 1.0 §2)."""
    return str(program.served.http.build_request("GET", f"{program.issuer}/logout", params=parameters).url)


def test_a_link_to_logout_asks_first_and_then_goes_exactly_where_the_client_registered(
    page: Page, web: Program, user: User, callback: Callback
) -> None:
    ask(page, web, callback)
    sign_in(page, user)
    session = cookies_of(page)["eg_session"]
    page.goto(logout(web, client_id=web.client.id, post_logout_redirect_uri=callback.uri("/bye"), state="s&=é"))
    expect(page).to_have_title("Sign out?")
    expect(page.locator("main")).to_contain_text("Harbour asks to sign you out.")
    expect(page.locator("main")).to_contain_text(f"You are signed in as {user.username}.")
    page.click("#sign-out")

    assert arrive(page, callback) == {"state": "s&=é"}
    assert page.url.startswith(callback.uri("/bye"))
    assert "eg_session" not in cookies_of(page)
    page.context.add_cookies([{"name": "eg_session", "value": session, "url": web.issuer}])
    ask(page, web, callback)
    expect_sign_in(page)  # the session is gone at the server, not only its cookie


def test_who_stays_signed_in_is(page: Page, web: Program, user: User, callback: Callback) -> None:
    ask(page, web, callback)
    sign_in(page, user)
    page.goto(logout(web))
    page.click("#stay")
    expect(page).to_have_title("Evergrant is running")
    ask(page, web, callback)
    expect_consent(page)


@pytest.mark.parametrize("suffix", ["?more=1", "/", "#fragment"])
def test_an_address_that_is_not_the_registered_one_to_the_letter_is_not_gone_to(
    page: Page, web: Program, user: User, callback: Callback, suffix: str
) -> None:
    ask(page, web, callback)
    sign_in(page, user)
    wrong = callback.uri("/bye") + suffix
    page.goto(logout(web, client_id=web.client.id, post_logout_redirect_uri=wrong))
    page.click("#sign-out")

    expect(page).to_have_title("Signed out · Evergrant")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    assert page.locator("main a").count() == 0
    assert callback.arrived == []


def test_an_application_that_shows_its_own_id_token_signs_its_person_out_without_a_question(
    page: Page, web: Program, user: User, callback: Callback
) -> None:
    proof = ask(page, web, callback, scope="openid")
    sign_in(page, user)
    tokens = body(web.exchange(code_from(allow(page, callback), proof, callback), redirect_uri=callback.uri()))
    page.goto(logout(web, id_token_hint=tokens["id_token"], post_logout_redirect_uri=callback.uri("/bye")))

    assert arrive(page, callback) == {}
    assert "eg_session" not in cookies_of(page)


def test_an_id_token_of_somebody_else_signs_nobody_out_without_a_question(
    new_page: NewPage, site: Served, web: Program, user: User, callback: Callback
) -> None:
    thief, victim, other = new_page(), new_page(), site.registry.user()
    proof = ask(thief, web, callback)
    sign_in(thief, other)
    tokens = body(web.exchange(code_from(allow(thief, callback), proof, callback), redirect_uri=callback.uri()))
    ask(victim, web, callback)
    sign_in(victim, user)
    victim.goto(logout(web, id_token_hint=tokens["id_token"]))

    expect(victim.locator("main")).to_contain_text(f"You are signed in as {user.username}.")
    ask(victim, web, callback)
    expect_consent(victim)


def test_signing_out_ends_what_was_allowed_for_this_session_and_keeps_what_was_allowed_for_when_one_is_away(
    page: Page, web: Program, user: User, callback: Callback
) -> None:
    """`on_logout = revoke_online`, the default policy."""
    proof = ask(page, web, callback, scope="openid")
    sign_in(page, user)
    online = body(web.exchange(code_from(allow(page, callback), proof, callback), redirect_uri=callback.uri()))
    proof = ask(page, web, callback, scope="openid offline_access")
    offline = body(web.exchange(code_from(allow(page, callback), proof, callback), redirect_uri=callback.uri()))
    page.goto(logout(web))
    page.click("#sign-out")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")

    assert web.userinfo(online["access_token"]).status_code == 401
    assert web.refresh(offline["refresh_token"]).status_code == 200


def test_a_question_that_was_left_open_for_too_long_ends_nothing(
    page: Page, site: Served, web: Program, user: User, callback: Callback, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    ask(page, web, callback)
    sign_in(page, user)
    page.goto(logout(web))
    site.clock.advance(11 * MINUTE)
    page.click("#sign-out")

    expect_error(page, "This page has expired, or was opened in another browser.")
    ask(page, web, callback)
    expect_consent(page)


def test_going_back_after_signing_out_shows_nothing_of_the_person(
    page: Page, web: Program, user: User, callback: Callback
) -> None:
    ask(page, web, callback)
    sign_in(page, user)
    page.goto(logout(web))
    page.click("#sign-out")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    page.go_back()

    expect_sign_in(page)
    assert user.username not in page.content()


def test_who_is_not_signed_in_is_told_so_and_asked_nothing(page: Page, web: Program, callback: Callback) -> None:
    page.goto(logout(web))
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    page.goto(logout(web, client_id=web.client.id, post_logout_redirect_uri=callback.uri("/bye"), state="1"))
    assert query_of(page.url) == {"state": "1"}
