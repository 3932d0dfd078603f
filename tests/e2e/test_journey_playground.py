"""The welcome page of `evergrant serve`, where a person walks the loop and then tries to break it."""

import json
import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.journey import fill_in, query_of
from tests.support.chromium import Complaints, NewPage
from tests.support.server import Server, evergrant

NO_TOKEN = "status of 401"
REFUSED = "status of 400"


def sign_in(page: Page, server: Server) -> None:
    """From the welcome page through sign-in and consent and back to it."""
    page.goto(f"{server.base_url}/")
    page.click("#pg-sign-in")
    fill_in(page, server.demo.username, server.demo.password)
    allow_or_playground = page.locator("#allow, #inside:not([hidden])")
    expect(allow_or_playground).to_be_visible()
    if page.locator("#allow").count():  # once for all: the page is our own, so consent to it is remembered
        page.click("#allow")
    expect(page.locator("#outcome")).to_contain_text("Signed in.")


def press(page: Page, trial: str, outcome: str | re.Pattern[str]) -> None:
    """Press a trial and wait for what it says."""
    page.click(f"#pg-{trial}")
    expect(page.locator("#outcome strong")).to_have_text(outcome)
    expect(page.locator(f"#pg-{trial}")).not_to_have_attribute("aria-disabled", "true")


def held(page: Page) -> dict[str, Any]:
    """What the page remembers in this tab."""
    return dict(json.loads(page.evaluate("sessionStorage.getItem('evergrant.session')")))


def lane(page: Page) -> list[str]:
    """The generations as they are drawn."""
    return [" ".join(text.split()) for text in page.locator("#lane li").all_inner_texts()]


def explained(page: Page, server: Server, kind: str) -> str:
    """Run the command that the page offers for an event of that kind; what it says."""
    line = page.locator("#events li", has=page.get_by_text(kind, exact=True))
    name, *arguments = line.locator("code").inner_text().split()
    assert name == "evergrant"
    answer = evergrant(*arguments, data_dir=server.data_dir)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_a_person_walks_the_loop(page: Page, server: Server) -> None:
    sign_in(page, server)

    assert page.url == f"{server.base_url}/"  # neither code nor state stays in the address
    expect(page.locator("#access-token-seal")).to_have_text("✓ signature verified")
    expect(page.locator("#id-token-seal")).to_have_text("✓ signature verified")
    expect(page.locator("#access-token")).to_contain_text('["reader"]')
    expect(page.locator("#id-token")).to_contain_text("ada@example.com")
    assert lane(page) == ["0 code", "1 current"]
    press(page, "refresh", re.compile(r"Generation 2, in \d+ ms\."))
    press(page, "retry", "Same successor, nothing lost.")
    press(page, "twice", "Two requests, one successor.")
    press(page, "userinfo", "200: the API knows you.")
    assert lane(page) == ["0 code", "1 spent", "2 spent", "3 spent redelivered", "4 current redelivered"]
    expect(page.locator("#grant-state")).to_have_text("active · generation 4")
    expect(page.locator("#events li")).to_have_count(2)  # renewals and redeliveries leave no row
    generations = [entry["generation"] for entry in held(page)["refresh"]]
    assert generations == [1, 2, 3, 4]


def test_a_replayed_token_ends_the_grant_and_the_page_tells_how_to_learn_why(
    page: Page, server: Server, complaints: Complaints
) -> None:
    complaints.expect(NO_TOKEN)
    complaints.expect(REFUSED)
    sign_in(page, server)
    press(page, "replay", "Theft noticed: the grant has ended.")

    expect(page.locator("#grant-state")).to_have_text("revoked")
    assert lane(page) == ["0 code", "1 spent replayed", "2 spent", "3 spent", "4 dead", "✕ reused"]
    kinds = page.locator("#events strong").all_inner_texts()
    assert kinds == ["grant_reused", "grant_exchanged", "grant_opened"]
    assert "reused" in explained(page, server, "grant_reused")
    press(page, "userinfo", "401: invalid_token.")
    press(page, "refresh", "Refused.")
    expect(page.locator("#pg-again")).to_be_visible()
    page.click("#pg-again")
    expect(page.locator("#outcome")).to_contain_text("Signed in.")  # the session is alive: no password, no question
    assert lane(page) == ["0 code", "1 current"]


def test_the_playground_can_be_read_and_used_by_everybody(page: Page, server: Server, complaints: Complaints) -> None:
    complaints.expect(NO_TOKEN)
    complaints.expect(REFUSED)
    page.emulate_media(reduced_motion="reduce")  # or a colour would be judged on its way to another
    sign_in(page, server)
    press(page, "retry", "Same successor, nothing lost.")
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page) == []
    press(page, "replay", "Theft noticed: the grant has ended.")
    assert violations(page) == []
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 320, "height": 640})

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_what_an_operator_ends_is_seen_to_end(page: Page, server: Server, complaints: Complaints) -> None:
    complaints.expect(NO_TOKEN)
    sign_in(page, server)
    grant = page.locator("#grant-facts code").inner_text()
    assert evergrant("grant", "revoke", grant, data_dir=server.data_dir).returncode == 0

    expect(page.locator("#grant-state")).to_have_text("revoked", timeout=10_000)
    expect(page.locator("#steps")).to_contain_text("from outside")
    press(page, "userinfo", "401: invalid_token.")


def test_a_person_ends_the_grant_and_signs_out(page: Page, server: Server, complaints: Complaints) -> None:
    complaints.expect(REFUSED)
    sign_in(page, server)
    press(page, "revoke", "The grant has ended.")
    press(page, "refresh", "Refused.")
    page.click("#pg-sign-out")

    expect(page.locator("#outside")).to_be_visible()
    assert page.url == f"{server.base_url}/"
    assert page.evaluate("sessionStorage.length") == 0
    page.click("#pg-sign-in")
    expect(page.locator("#sign-in")).to_be_visible()  # the session at the server has ended too


def test_tokens_stay_in_their_tab_and_are_never_shown_whole(page: Page, server: Server) -> None:
    sign_in(page, server)
    tokens = [held(page)[kind] for kind in ("access", "id")] + [held(page)["refresh"][0]["token"]]

    assert page.evaluate("localStorage.length") == 0
    assert page.evaluate("document.cookie") == ""
    assert not any(token in page.content() for token in tokens)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#access-token-copy")
    expect(page.locator("#outcome")).to_contain_text("Access token copied.")
    assert page.evaluate("navigator.clipboard.readText()") == tokens[0]
    page.reload()
    expect(page.locator("#outcome")).to_contain_text("This tab still holds its tokens.")
    other = page.context.new_page()
    other.goto(f"{server.base_url}/")
    expect(other.locator("#outside")).to_be_visible()


def test_an_answer_that_nobody_asked_for_is_not_read(page: Page, server: Server) -> None:
    """RFC 6749 §10.12, RFC 9207 §2.4."""
    page.goto(f"{server.base_url}/?code=stolen&state=unknown&iss={server.base_url}")
    expect(page.locator("#elsewhere")).to_contain_text("This answer belongs to no sign-in of this page (state).")
    assert page.url == f"{server.base_url}/"
    page.click("#pg-sign-in")
    expect(page.locator("#sign-in")).to_be_visible()
    state = query_of(page.url)["state"]
    page.goto(f"{server.base_url}/?code=mixed-up&state={state}&iss=http://localhost:1")

    expect(page.locator("#elsewhere")).to_contain_text("This answer is from another server (iss).")


def test_who_denies_is_told_so_on_the_page(page: Page, server: Server) -> None:
    page.goto(f"{server.base_url}/")
    page.click("#pg-sign-in")
    page.goto(f"{page.url}&prompt=consent")
    fill_in(page, server.demo.username, server.demo.password)
    page.click("#deny")

    expect(page.locator("#elsewhere")).to_contain_text("The person did not allow it.")
    expect(page.locator("#outside")).to_be_visible()


def test_a_server_that_went_away_is_said_to_have_gone(page: Page, server: Server, complaints: Complaints) -> None:
    complaints.expect("ERR_CONNECTION_REFUSED|ERR_FAILED|ERR_INTERNET_DISCONNECTED")
    sign_in(page, server)
    page.context.set_offline(True)
    press(page, "refresh", "That did not work.")
    expect(page.locator("#outcome")).to_contain_text("The server did not answer. Is it still running?")
    page.context.set_offline(False)
    press(page, "refresh", re.compile(r"Generation 2, in \d+ ms\."))


def test_under_another_name_than_the_issuers_the_page_says_where_to_go(page: Page, server: Server) -> None:
    page.goto(f"http://127.0.0.1:{server.port}/")

    expect(page.locator("#elsewhere a")).to_have_attribute("href", f"{server.base_url}/")


def test_without_javascript_the_page_says_what_works(new_page: NewPage, server: Server) -> None:
    page = new_page(javascript=False)
    page.goto(f"{server.base_url}/")

    expect(page.locator("noscript .notice")).to_be_visible()
    expect(page.locator("#outside")).to_be_hidden()
    expect(page.locator("#terminal")).to_be_visible()
