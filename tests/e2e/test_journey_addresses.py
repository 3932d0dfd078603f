"""Where the browser may go: realms beside each other, and the redirect URIs of native applications."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.journey import (
    allow,
    ask,
    code_from,
    cookies_of,
    expect_consent,
    expect_sign_in,
    query_of,
    sign_in,
)
from tests.protocol.program import Program, verifier
from tests.protocol.registry import User
from tests.protocol.served import Served, body
from tests.support.callback import Callback
from tests.support.chromium import Complaints


@pytest.fixture(scope="module")
def harbour(site: Served) -> str:
    """The name of another realm."""
    site.desk.new_realm("harbour")
    return "harbour"


def test_a_realm_has_people_pages_and_cookies_of_its_own(
    page: Page, site: Served, harbour: str, web: Program, user: User, callback: Callback
) -> None:
    """Q-16: the cookies of one realm are not those of another."""
    theirs = Program(site, site.registry.client(realm=harbour))
    person = site.registry.user(realm=harbour)
    ask(page, web, callback)
    sign_in(page, user)

    proof = ask(page, theirs, callback)
    expect_sign_in(page)
    expect(page).to_have_title("Sign in · harbour")
    sign_in(page, person)
    expect(page.locator("header")).to_have_text("harbour")
    answer = allow(page, callback)
    tokens = body(theirs.exchange(code_from(answer, proof, callback), redirect_uri=callback.uri()))

    assert answer["iss"] == site.at(harbour) == theirs.claims(tokens["id_token"])["iss"]
    cookies = cookies_of(page)
    assert len({cookies["eg_session"], cookies["eg_session-harbour"]}) == 2
    page.goto(f"{site.at(harbour)}/logout")
    page.click("#sign-out")
    expect(page).to_have_title("Signed out · harbour")
    assert cookies_of(page)["eg_session"] == cookies["eg_session"]
    ask(page, web, callback)
    expect_consent(page)


def test_a_session_of_one_realm_is_worth_nothing_in_another(
    page: Page, site: Served, harbour: str, web: Program, user: User, callback: Callback
) -> None:
    theirs = Program(site, site.registry.client(realm=harbour))
    ask(page, web, callback)
    sign_in(page, user)
    moved = [{"name": f"{name}-harbour", "value": value, "url": site.url} for name, value in cookies_of(page).items()]
    page.context.add_cookies(moved)  # type: ignore[arg-type]  # as cookies are set
    ask(page, theirs, callback)

    expect_sign_in(page)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_program_on_this_device_may_listen_on_any_port(
    page: Page, site: Served, user: User, complaints: Complaints, callback: Callback, host: str
) -> None:
    """RFC 8252 §7.3. The page's own policy lets the form go there, also to an address that a policy cannot name."""
    complaints.expect("ERR_CONNECTION_REFUSED|chrome-error")
    native = Program(site, site.registry.client(public=True, redirect_uris=(f"http://{host}/callback",)))
    uri = callback.uri(host=host)
    ask(page, native, callback, redirect_uri=uri)
    sign_in(page, user)
    with page.expect_request(lambda request: request.url.startswith(uri)) as sent:
        page.click("#allow")

    assert {"code", "state", "iss"} == set(query_of(sent.value.url))


def test_an_application_with_a_scheme_of_its_own_gets_its_answer(page: Page, site: Served, user: User) -> None:
    """RFC 8252 §7.1. A policy that forgot the scheme would stop the browser before it asks for the program."""
    uri = "com.example.harbour:/callback"
    native = Program(site, site.registry.client(public=True, redirect_uris=(uri,)))
    page.goto(native.authorization_url(verifier(), redirect_uri=uri))
    sign_in(page, user)
    expect(page.locator("main")).to_contain_text("Either way you go back to com.example.harbour:")
    with page.expect_request(lambda request: request.url.startswith(uri)) as sent:
        page.click("#allow", no_wait_after=True)

    assert set(query_of(sent.value.url)) == {"code", "state", "iss"}


def test_the_page_lets_its_form_go_nowhere_but_to_the_client(
    page: Page, web: Program, callback: Callback, complaints: Complaints
) -> None:
    """S-011: were text to become markup one day, the form could still not be sent elsewhere."""
    complaints.expect("Content Security Policy")
    ask(page, web, callback)
    with page.expect_console_message(lambda said: "form-action" in said.text):
        page.locator("form").evaluate("(form) => { form.action = 'http://127.0.0.1:1/'; form.submit() }")

    assert page.url.startswith(web.issuer)


def test_a_realm_that_is_not_there_has_no_pages(page: Page, site: Served, complaints: Complaints) -> None:
    complaints.expect("status of 404")
    answer = page.goto(f"{site.at('nowhere')}/authorize?client_id=a")

    assert answer is not None
    assert answer.status == 404
