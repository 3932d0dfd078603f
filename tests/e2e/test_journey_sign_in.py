"""Signing in with a real browser, from the client and back to it."""

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
    fill_in,
    sign_in,
)
from tests.protocol.program import Program
from tests.protocol.registry import User
from tests.protocol.served import Served, body
from tests.support.callback import Callback
from tests.support.chromium import Complaints, NewPage

WRONG = "The username or password is wrong."


@pytest.mark.parametrize("javascript", [True, False], ids=["with_javascript", "without_javascript"])
def test_a_person_signs_in_allows_and_arrives_at_the_client(
    new_page: NewPage, web: Program, user: User, callback: Callback, javascript: bool
) -> None:
    """S-007: `iss` is in the answer (RFC 9207)."""
    page = new_page(javascript=javascript)

    proof = ask(page, web, callback, state="st ate/&=?é")
    expect(page).to_have_title("Sign in · Evergrant")
    expect(page.locator("main")).to_contain_text(f"to continue to {web.client.id.replace('client-', 'Client ')}")
    sign_in(page, user)
    expect_consent(page)
    answer = allow(page, callback)

    assert (answer["state"], answer["iss"], set(answer)) == ("st ate/&=?é", web.issuer, {"code", "state", "iss"})
    tokens = web.exchange(code_from(answer, proof, callback), redirect_uri=callback.uri())
    assert tokens.status_code == 200, tokens.text
    assert web.claims(body(tokens)["id_token"])["sub"] == user.id


def test_the_keyboard_is_enough(page: Page, web: Program, user: User, callback: Callback) -> None:
    """Focus starts in the first field, Tab goes in the order of reading, Enter sends, Space presses."""
    ask(page, web, callback)
    expect(page.locator("#username")).to_be_focused()
    page.keyboard.type(user.username)
    page.keyboard.press("Tab")
    page.keyboard.type(user.password)
    page.keyboard.press("Enter")
    expect_consent(page)

    visited = []
    for _ in range(3):
        page.keyboard.press("Tab")
        visited.append(page.locator(":focus").get_attribute("id"))
    assert visited == ["switch", "allow", "deny"]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")

    assert "code" in callback.next()


def test_enter_on_the_consent_page_never_does_more_than_the_focused_button(
    page: Page, web: Program, user: User, callback: Callback
) -> None:
    ask(page, web, callback)
    sign_in(page, user)
    page.focus("#deny")
    page.keyboard.press("Enter")

    assert callback.next()["error"] == "access_denied"


def test_a_wrong_password_is_told_where_the_person_looks_and_where_a_screen_reader_listens(
    page: Page, web: Program, user: User, callback: Callback, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    ask(page, web, callback)
    fill_in(page, user.username, "wrong")

    expect(page).to_have_title("Error: Sign in · Evergrant")
    expect(page.get_by_role("alert")).to_have_text(WRONG)
    expect(page.locator("#username")).to_have_value(user.username)
    expect(page.locator("#password")).to_have_value("")
    expect(page.locator("#password")).to_be_focused()
    for field in ("#username", "#password"):
        expect(page.locator(field)).to_have_attribute("aria-invalid", "true")
        expect(page.locator(field)).to_have_accessible_description(WRONG)
    sign_in(page, user)
    expect_consent(page)


def test_nobody_learns_from_the_page_who_has_an_account(
    page: Page, web: Program, user: User, callback: Callback, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    pages = []
    for username in (user.username, "nobody"):
        ask(page, web, callback)
        fill_in(page, username, "wrong")
        expect(page.get_by_role("alert")).to_be_visible()
        pages.append(page.locator("body").aria_snapshot().replace(username, "…"))

    assert pages[0] == pages[1]


def test_the_hint_of_a_client_fills_the_name_and_the_password_has_the_focus(
    page: Page, web: Program, user: User, callback: Callback
) -> None:
    ask(page, web, callback, login_hint=user.username)

    expect(page.locator("#username")).to_have_value(user.username)
    expect(page.locator("#password")).to_be_focused()


def test_the_session_has_a_new_id_after_each_sign_in_and_the_old_one_is_worth_nothing(
    new_page: NewPage, web: Program, user: User, callback: Callback
) -> None:
    """S-125. A cookie that somebody planted or copied before is not the session afterwards."""
    page, thief = new_page(), new_page()
    page.context.add_cookies([{"name": "eg_session", "value": "planted", "url": web.issuer}])
    ask(page, web, callback)
    sign_in(page, user)
    first = cookies_of(page)["eg_session"]
    ask(page, web, callback, prompt="login")
    sign_in(page, user)
    second = cookies_of(page)["eg_session"]

    assert len({"planted", first, second}) == 3
    thief.context.add_cookies([{"name": "eg_session", "value": first, "url": web.issuer}])
    ask(thief, web, callback)
    expect_sign_in(thief)


def test_no_script_and_no_other_site_gets_the_cookies(page: Page, web: Program, user: User, callback: Callback) -> None:
    """Q-16."""
    ask(page, web, callback)
    sign_in(page, user)

    ours = [cookie for cookie in page.context.cookies() if cookie["name"].startswith("eg_")]
    assert {cookie["name"] for cookie in ours} == {"eg_session", "eg_browser", "eg_known"}
    assert all(cookie["httpOnly"] and cookie["sameSite"] == "Lax" for cookie in ours)
    assert page.evaluate("document.cookie") == ""


def test_going_back_and_reloading_after_a_sign_in_asks_nothing_twice(
    page: Page, web: Program, user: User, callback: Callback
) -> None:
    ask(page, web, callback)
    sign_in(page, user)
    expect_consent(page)
    page.reload()  # a GET: no browser asks whether a form is to be sent again
    expect_consent(page)
    page.go_back()
    expect_consent(page)  # the client's request, judged again: the person is signed in

    assert "code" in allow(page, callback)


def test_going_back_after_consent_brings_the_same_code_again(
    page: Page, site: Served, web: Program, user: User, callback: Callback
) -> None:
    ask(page, web, callback)
    sign_in(page, user)
    first = allow(page, callback)
    page.go_back(wait_until="commit")  # consent is remembered by now, so the browser passes through

    assert arrive(page, callback) == first
    assert len(site.registry.grants_of(web.client)) == 1


def test_going_back_once_the_code_is_used_ends_on_our_page_and_harms_nothing(
    page: Page, web: Program, user: User, callback: Callback, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    proof = ask(page, web, callback)
    sign_in(page, user)
    code = code_from(allow(page, callback), proof, callback)
    tokens = body(web.exchange(code, redirect_uri=callback.uri()))
    page.go_back()

    expect_error(page, "already answered")
    assert web.refresh(tokens["refresh_token"]).status_code == 200
    ask(page, web, callback)
    assert "code" in arrive(page, callback)


def test_a_double_click_on_allow_opens_one_grant(
    page: Page, site: Served, web: Program, user: User, callback: Callback
) -> None:
    proof = ask(page, web, callback)
    sign_in(page, user)
    page.dblclick("#allow")
    answer = arrive(page, callback)

    assert len(site.registry.grants_of(web.client)) == 1
    tokens = web.exchange(code_from(answer, proof, callback), redirect_uri=callback.uri())
    assert tokens.status_code == 200


def test_a_person_who_is_disabled_is_signed_out_everywhere_at_once(
    page: Page, site: Served, web: Program, user: User, callback: Callback, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    ask(page, web, callback)
    sign_in(page, user)
    allow(page, callback)
    site.desk.disable(user)

    ask(page, web, callback)
    expect_sign_in(page)
    fill_in(page, user.username, user.password)
    expect(page.get_by_role("alert")).to_have_text(WRONG)
