"""What other sites, and texts of other people's making, can do to somebody who is signed in: nothing."""

from collections.abc import Iterator
from itertools import product

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.journey import (
    REFUSED,
    allow,
    arrive,
    ask,
    cookies_of,
    expect_consent,
    expect_error,
    expect_sign_in,
    query_of,
    sign_in,
)
from tests.e2e.site import add_api
from tests.e2e.stranger import Stranger, open_stranger
from tests.protocol.program import Program, verifier
from tests.protocol.registry import User
from tests.protocol.served import Served
from tests.support.callback import Callback
from tests.support.chromium import Complaints

NEIGHBOURS = pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["another_site", "another_port"])

MARKUP = (
    "<script>window.pwned=1</script>",
    '"><img src=x onerror=window.pwned=1>',
    "'><svg/onload=window.pwned=1>",
    "{{7*7}}{% raw %}${7*7}",
    "</title><script>window.pwned=1</script>",
    "javascript:window.pwned=1",
    "&lt;b&gt;\u202egnp.exe",
)
"""Texts that ended up as markup, script or template somewhere."""


WRONG_ADDRESSES = (
    "https://evil.example/callback",
    "http://127.0.0.1.evil.example/callback",
    "http://127.0.0.1@evil.example/callback",
    "http://127.0.0.1/callback/../evil",
    "http://127.0.0.1\\@evil.example/callback",
    "//evil.example/callback",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "http://127.0.0.1/callback#fragment",
    "http://127.0.0.1/callback?next=https://evil.example",
)


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    """A site that wishes us no good."""
    with open_stranger() as found:
        yield found


@NEIGHBOURS
def test_a_form_of_another_site_signs_nobody_in(
    page: Page, web: Program, user: User, callback: Callback, stranger: Stranger, complaints: Complaints, host: str
) -> None:
    """S-124. Not even with an interaction of this very browser and the right password: no login CSRF."""
    complaints.expect(REFUSED)
    ask(page, web, callback)
    interaction = page.locator("[name=interaction]").get_attribute("value") or ""
    fields = {"interaction": interaction, "username": user.username, "password": user.password}
    page.goto(stranger.form(f"{web.issuer}/sign-in", fields, host=host))
    page.click("button")

    expect_error(page, "This form was sent from another site.")
    assert "eg_session" not in cookies_of(page)
    ask(page, web, callback)
    expect_sign_in(page)


@NEIGHBOURS
def test_a_form_of_another_site_allows_nothing(
    page: Page,
    site: Served,
    web: Program,
    user: User,
    callback: Callback,
    stranger: Stranger,
    complaints: Complaints,
    host: str,
) -> None:
    """S-124, Q-14."""
    complaints.expect(REFUSED)
    ask(page, web, callback)
    sign_in(page, user)
    interaction = page.locator("[name=interaction]").get_attribute("value") or ""
    fields = {"interaction": interaction, "decision": "allow"}
    page.goto(stranger.form(f"{web.issuer}/consent", fields, host=host))
    page.click("button")

    expect_error(page, "This form was sent from another site.")
    assert (callback.arrived, site.registry.grants_of(web.client)) == ([], ())
    ask(page, web, callback)
    expect_consent(page)  # still asked, and still signed in


@NEIGHBOURS
def test_a_form_of_another_site_signs_nobody_out(
    page: Page, web: Program, user: User, callback: Callback, stranger: Stranger, complaints: Complaints, host: str
) -> None:
    complaints.expect(REFUSED)
    ask(page, web, callback)
    sign_in(page, user)
    page.goto(f"{web.issuer}/logout")
    fields = {"logout": page.locator("[name=logout]").get_attribute("value") or "", "decision": "sign-out"}
    page.goto(stranger.form(f"{web.issuer}/logout/confirm", fields, host=host))
    page.click("button")

    expect_error(page, "This form was sent from another site.")
    page.goto(stranger.form(f"{web.issuer}/logout", {}, host=host))
    page.click("button")
    expect(page.locator("#sign-out")).to_be_visible()  # asked, as by anybody's link; nothing ended
    ask(page, web, callback)
    expect_consent(page)


def test_another_site_may_send_a_request_as_a_form_and_the_person_is_known(
    page: Page, web: Program, user: User, callback: Callback, stranger: Stranger
) -> None:
    """OpenID Connect Core §3.1.2.1: an authorization request may be posted, which brings no cookie of ours."""
    ask(page, web, callback)
    sign_in(page, user)
    url = web.authorization_url(verifier(), redirect_uri=callback.uri())
    page.goto(stranger.form(f"{web.issuer}/authorize", query_of(url)))
    page.click("button")

    expect_consent(page)
    assert "code" in allow(page, callback)


@pytest.mark.parametrize("which", ["sign-in", "consent", "logout", "error", "welcome"])
def test_no_page_shows_in_a_frame(
    page: Page,
    web: Program,
    user: User,
    callback: Callback,
    stranger: Stranger,
    complaints: Complaints,
    which: str,
) -> None:
    """S-010. Nobody can lay a page of ours under a button of theirs."""
    complaints.expect("frame-ancestors|X-Frame-Options|status of 400|chrome-error")
    request = web.authorization_url(verifier(), redirect_uri=callback.uri())
    if which in ("consent", "logout"):
        ask(page, web, callback)
        sign_in(page, user)
    urls = {"logout": f"{web.issuer}/logout", "error": f"{web.issuer}/authorize", "welcome": f"{web.issuer}/"}
    for host in ("127.0.0.1", "localhost"):
        page.goto(stranger.page(f'<iframe src="{urls.get(which, request).replace("&", "&amp;")}"></iframe>', host=host))
        framed = page.frames[1]
        framed.wait_for_load_state()

        assert framed.url.startswith("chrome-error:"), framed.url
        assert framed.locator("form, main").count() == 0


def test_nobody_is_sent_to_an_address_that_the_client_did_not_register(
    page: Page, web: Program, complaints: Complaints
) -> None:
    """S-001, S-002. Whatever else is wrong with the request, the browser stays with us."""
    complaints.expect(REFUSED)
    for redirect_uri, more in product(WRONG_ADDRESSES, ({}, {"response_type": "none"}, {"prompt": "none"})):
        page.goto(web.authorization_url(verifier(), redirect_uri=redirect_uri, **more))

        expect_error(page, "redirect")
        assert page.url.startswith(web.issuer), redirect_uri
        assert page.locator("main a").count() == 0


def test_texts_of_strangers_are_shown_as_text(
    page: Page, site: Served, user: User, callback: Callback, complaints: Complaints
) -> None:
    """S-127. A script that ran, or only tried to, would be a complaint of the browser."""
    complaints.expect(REFUSED)
    shape = None
    for number, text in enumerate(MARKUP):
        api, scope, shown = f"https://api{number}.example/", f"read:{number}", text.replace("\u202e", "[U+202E]")
        add_api(site, api, text, {scope: text})
        program = Program(site, site.registry.client(name=text, scope=scope, audiences=(api,)))
        ask(page, program, callback, login_hint=text, state=text, scope=scope, resource=api, prompt="login")
        expect(page.locator("#username")).to_have_value(shown)
        expect(page.locator("main .lead")).to_contain_text(shown)
        sign_in(page, user)
        expect(page).to_have_title(f"Allow {shown}?")
        expect(page.locator(".asked li").last).to_contain_text(shown)
        assert page.evaluate("window.pwned") is None
        elements = page.evaluate("[...document.querySelectorAll('*')].map((element) => element.tagName)")
        assert elements == (shape := shape or elements)
        page.click("#deny")
        assert arrive(page, callback)["state"] == text


def test_an_error_page_repeats_nothing_of_the_request(page: Page, web: Program, complaints: Complaints) -> None:
    complaints.expect(REFUSED)
    for text in MARKUP:
        page.goto(web.authorization_url(verifier(), client_id=text, redirect_uri=text, state=text))

        expect_error(page, "The application is not known here.")
        assert text not in page.content()
        assert page.evaluate("window.pwned") is None
