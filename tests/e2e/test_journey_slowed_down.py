"""Who guesses passwords waits; the person whose account it is does not. On a server of its own."""

from playwright.sync_api import Page, expect

from tests.e2e.journey import allow, ask, expect_consent, expect_sign_in, fill_in, sign_in
from tests.protocol.program import Program
from tests.protocol.registry import User
from tests.protocol.served import SECOND, Served
from tests.support.callback import Callback
from tests.support.chromium import Complaints, NewPage

GUESSES = 5  # that pass before an account is slowed down for a network


def guess(page: Page, user: User) -> None:
    """A wrong password, and the page after it."""
    with page.expect_response("**/sign-in"):
        fill_in(page, user.username, "guess")
    expect(page.get_by_role("alert")).to_be_visible()


def test_a_guesser_is_told_how_long_to_wait_and_the_owners_own_browser_is_not_held_up(
    new_page: NewPage, site: Served, web: Program, user: User, callback: Callback, complaints: Complaints
) -> None:
    complaints.expect("status of 4(00|29)")
    owner, guesser = new_page(), new_page()
    ask(owner, web, callback)
    sign_in(owner, user)
    ask(guesser, web, callback)
    for _ in range(GUESSES):
        guess(guesser, user)
    with guesser.expect_response("**/sign-in") as answered:
        fill_in(guesser, user.username, user.password)

    assert (answered.value.status, answered.value.headers["retry-after"]) == (429, "2")
    expect(guesser).to_have_title("Error: Sign in · Evergrant")
    expect(guesser.get_by_role("alert")).to_contain_text("Too many attempts.")
    expect(guesser.get_by_role("alert")).to_contain_text("You can try again in 2 seconds. Nothing is locked.")
    ask(owner, web, callback, prompt="login")
    sign_in(owner, user)
    expect_consent(owner)


def test_after_the_wait_the_right_password_is_right(
    page: Page, site: Served, web: Program, user: User, callback: Callback, complaints: Complaints
) -> None:
    complaints.expect("status of 4(00|29)")
    ask(page, web, callback)
    for _ in range(GUESSES + 1):
        guess(page, user)
    expect_sign_in(page)
    site.clock.advance(2 * SECOND)
    sign_in(page, user)

    assert "code" in allow(page, callback)
