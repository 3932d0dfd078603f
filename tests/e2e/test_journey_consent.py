"""Who is asked, what they are told, and when nobody is asked again."""

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
    sign_in,
)
from tests.protocol.program import Program
from tests.protocol.registry import User
from tests.protocol.served import MINUTE, Served, body
from tests.support.callback import Callback
from tests.support.chromium import Complaints, NewPage

NOTES = "https://notes.example/api"


def test_consent_is_remembered_and_asked_for_again_only_for_what_is_new(
    page: Page, web: Program, user: User, callback: Callback
) -> None:
    ask(page, web, callback, scope="openid profile")
    sign_in(page, user)
    allow(page, callback)

    ask(page, web, callback, scope="openid profile")
    assert "code" in arrive(page, callback)
    ask(page, web, callback, scope="openid")
    assert "code" in arrive(page, callback)
    ask(page, web, callback, scope="openid profile email")
    expect_consent(page)
    expect(page.locator("main")).to_contain_text("See your e-mail address")
    allow(page, callback)
    ask(page, web, callback, scope="openid profile email")
    assert "code" in arrive(page, callback)


def test_an_app_that_any_program_could_pose_as_is_asked_about_every_time(
    page: Page, app: Program, user: User, callback: Callback
) -> None:
    """S-020, RFC 8252 §8.6."""
    ask(page, app, callback)
    sign_in(page, user)
    for _ in range(2):
        expect(page.locator("main")).to_contain_text("This is an app on this device.")
        allow(page, callback)
        ask(page, app, callback)
    expect_consent(page)


def test_a_person_is_told_what_in_which_api_for_how_long_and_where_it_goes(
    page: Page, site: Served, user: User, callback: Callback
) -> None:
    """RFC 8707: each API by its name, with its own scopes in plain words."""
    site.registry.api(NOTES, ("notes:read", "notes:write"))
    reader = Program(site, site.registry.client(name="Harbour", scope="openid notes:read", audiences=(NOTES,)))
    ask(page, reader, callback, scope="openid notes:read", resource=NOTES)
    sign_in(page, user)
    main = page.locator("main")

    expect(page).to_have_title("Allow Harbour?")
    expect(page.get_by_role("heading", level=1)).to_have_text("Harbour asks for access to your account")
    expect(page.get_by_role("heading", level=2)).to_have_text(["It will be able to", f"In {NOTES}", "For how long"])
    expect(page.get_by_role("listitem")).to_have_text(["Know who you are here openid", "Do notes:read notes:read"])
    expect(main).to_contain_text(f"Signed in as {user.username}")
    expect(main).to_contain_text("It cannot act for you after that without asking again.")
    expect(main).to_contain_text(f"Either way you go back to 127.0.0.1:{callback.port}")


def test_who_denies_goes_back_with_access_denied_and_no_grant_is_opened(
    page: Page, site: Served, web: Program, user: User, callback: Callback
) -> None:
    ask(page, web, callback)
    sign_in(page, user)
    page.click("#deny")
    answer = arrive(page, callback)

    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "state-1", web.issuer)
    assert "code" not in answer
    assert site.registry.grants_of(web.client) == ()
    ask(page, web, callback)
    expect_consent(page)  # a refusal is not remembered, and the person is still signed in


def test_somebody_else_can_sign_in_from_the_consent_page(
    page: Page, site: Served, web: Program, user: User, callback: Callback
) -> None:
    other = site.registry.user()
    proof = ask(page, web, callback)
    sign_in(page, user)
    page.click("#switch")
    expect_sign_in(page)
    expect(page.locator("#username")).to_have_value("")
    sign_in(page, other)
    expect(page.locator("main")).to_contain_text(f"Signed in as {other.username}")

    tokens = body(web.exchange(code_from(allow(page, callback), proof, callback), redirect_uri=callback.uri()))
    assert web.claims(tokens["id_token"])["sub"] == other.id


def test_prompt_consent_asks_again_and_prompt_login_wants_the_password_again(
    page: Page, web: Program, user: User, callback: Callback
) -> None:
    """OpenID Connect Core §3.1.2.1."""
    ask(page, web, callback)
    sign_in(page, user)
    allow(page, callback)

    ask(page, web, callback, prompt="consent")
    expect_consent(page)
    allow(page, callback)
    ask(page, web, callback, prompt="login")
    expect_sign_in(page)
    sign_in(page, user)
    assert "code" in arrive(page, callback)
    ask(page, web, callback, prompt="login consent")
    sign_in(page, user)
    expect_consent(page)


def test_prompt_none_shows_no_page_whatever_the_answer_is(
    page: Page, web: Program, user: User, callback: Callback
) -> None:
    ask(page, web, callback, prompt="none")
    assert arrive(page, callback)["error"] == "login_required"
    ask(page, web, callback)
    sign_in(page, user)
    ask(page, web, callback, prompt="none")
    assert arrive(page, callback)["error"] == "consent_required"
    ask(page, web, callback)
    allow(page, callback)
    ask(page, web, callback, prompt="none")
    assert "code" in arrive(page, callback)


def test_an_application_that_wants_a_recent_sign_in_gets_one(
    page: Page, site: Served, web: Program, user: User, callback: Callback
) -> None:
    ask(page, web, callback)
    sign_in(page, user)
    allow(page, callback)
    ask(page, web, callback, max_age="120")
    arrive(page, callback)
    site.clock.advance(5 * MINUTE)

    ask(page, web, callback, max_age="120")
    expect_sign_in(page)
    sign_in(page, user)
    assert "code" in arrive(page, callback)


def test_two_tabs_sign_in_at_once_and_each_gets_the_answer_to_its_own_request(
    page: Page, web: Program, user: User, callback: Callback
) -> None:
    other = page.context.new_page()
    proofs = {"first": ask(page, web, callback, state="first"), "second": ask(other, web, callback, state="second")}
    sign_in(page, user)
    sign_in(other, user)
    expect_consent(page)
    expect_consent(other)

    for tab, state in ((page, "first"), (other, "second")):
        answer = allow(tab, callback)
        assert answer["state"] == state
        tokens = web.exchange(code_from(answer, proofs[state], callback), redirect_uri=callback.uri())
        assert tokens.status_code == 200, tokens.text


def test_a_page_that_was_left_open_for_too_long_says_so_and_the_session_stays(
    page: Page, site: Served, web: Program, user: User, callback: Callback, complaints: Complaints
) -> None:
    complaints.expect(REFUSED)
    ask(page, web, callback)
    sign_in(page, user)
    site.clock.advance(31 * MINUTE)
    page.click("#allow")

    expect_error(page, "This page has expired")
    assert site.registry.grants_of(web.client) == ()
    ask(page, web, callback)
    expect_consent(page)


@pytest.mark.parametrize("page_of", ["sign-in", "allow"])
def test_a_form_is_worth_nothing_in_another_browser(
    new_page: NewPage, web: Program, user: User, site: Served, callback: Callback, complaints: Complaints, page_of: str
) -> None:
    """Q-15: nobody can have a stranger's browser answer a request of their own."""
    complaints.expect(REFUSED)
    thief, victim = new_page(), new_page()
    ask(thief, web, callback)
    if page_of == "allow":
        sign_in(thief, user)
    stolen = thief.locator("[name=interaction]").get_attribute("value")
    ask(victim, web, callback)
    sign_in(victim, user)
    session = cookies_of(victim)["eg_session"]
    victim.locator("[name=interaction]").evaluate("(field, stolen) => { field.value = stolen }", stolen)
    if page_of == "sign-in":
        victim.locator("form").evaluate("(form) => { form.action = '/sign-in' }")
    victim.click("#allow")

    expect_error(victim, "This page has expired, was opened in another browser, or was already answered.")
    assert cookies_of(victim)["eg_session"] == session
    assert site.registry.grants_of(web.client) == ()
    ask(victim, web, callback)
    expect_consent(victim)
