"""The sign-in page over HTTP: one sentence for every failure, slower for who guesses. On a server of its own."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.protocol.changes import disable
from tests.protocol.program import Program, verifier
from tests.protocol.registry import User
from tests.protocol.served import DAY, Served
from tests.protocol.served import served as serving
from tests.protocol.tab import Tab, shows, tab, text_of


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Guesses made here slow nobody else down."""
    with serving(tmp_path_factory.mktemp("sign-in")) as found:
        yield found


@pytest.fixture
def served(own_server: Served) -> Iterator[Served]:
    yield own_server
    own_server.clock.advance(2 * DAY)  # every guess is forgotten


@pytest.fixture
def browser(served: Served) -> Iterator[Tab]:
    with tab(served.url) as opened:
        yield opened


def guess(browser: Tab, page: httpx2.Response, username: str, password: str = "wrong") -> httpx2.Response:
    return browser.press(page, "sign-in", username=username, password=password)


def test_a_wrong_password_and_an_unknown_user_are_told_the_same(
    served: Served, browser: Tab, web: Program, user: User
) -> None:
    page = browser.open(web.authorization_url(verifier()))

    known, unknown = guess(browser, page, user.username), guess(browser, page, "nobody")

    assert known.status_code == unknown.status_code == 400
    assert "The username or password is wrong." in known.text
    assert _without_noise(known, user.username) == _without_noise(unknown, "nobody")
    assert served.registry.events(known.headers["x-correlation-id"]) == [("sign_in_failed", "wrong_password")]
    assert served.registry.events(unknown.headers["x-correlation-id"]) == [("sign_in_failed", "unknown_subject")]


def test_a_mistyped_password_can_be_corrected_on_the_same_page(browser: Tab, web: Program, user: User) -> None:
    page = guess(browser, browser.open(web.authorization_url(verifier())), user.username)

    assert f'value="{user.username}"' in page.text
    assert shows(browser.sign_in(page, user), "allow")


@pytest.mark.parametrize("name", ["somebody", "nobody"])
def test_who_guesses_is_slowed_down_whether_the_user_exists_or_not(
    served: Served, browser: Tab, web: Program, user: User, name: str
) -> None:
    username = user.username if name == "somebody" else name
    page = browser.open(web.authorization_url(verifier()))
    for _ in range(5):
        assert guess(browser, page, username).status_code == 400

    held = guess(browser, page, username, user.password)

    assert (held.status_code, held.headers["retry-after"]) == (429, "2")
    assert "You can try again in 2 seconds" in text_of(held)
    assert served.registry.events(held.headers["x-correlation-id"]) == []


def test_a_browser_that_signed_in_before_is_not_held_up_by_strangers(
    served: Served, browser: Tab, web: Program, user: User
) -> None:
    browser.sign_in(browser.open(web.authorization_url(verifier())), user)
    with tab(served.url) as stranger:
        page = stranger.open(web.authorization_url(verifier()))
        for _ in range(8):
            guess(stranger, page, user.username)
        assert guess(stranger, page, user.username, user.password).status_code == 429

    page = browser.open(web.authorization_url(verifier(), prompt="login"))

    assert shows(browser.sign_in(page, user), "allow")


def test_the_session_changes_at_every_sign_in_and_none_is_taken_over(
    served: Served, browser: Tab, web: Program, user: User
) -> None:
    """S-125, Q-15: fixation."""
    browser.http.cookies.set("eg_session", "chosen-by-an-attacker", domain="localhost.local", path="/")
    seen = {browser.cookie("eg_session")}
    for _ in range(3):
        browser.sign_in(browser.open(web.authorization_url(verifier(), prompt="login")), user)
        seen.add(browser.cookie("eg_session"))

    assert len(seen) == 4
    assert served.registry.rows()["sessions"]
    for cookie in seen:
        assert str(cookie) not in repr(served.registry.rows()["sessions"])


def test_an_empty_form_is_no_guess(served: Served, browser: Tab, web: Program, user: User) -> None:
    page = browser.open(web.authorization_url(verifier()))
    before = served.registry.rows()["attempts"]

    answer = guess(browser, page, user.username, "")

    assert answer.status_code == 400
    assert "Enter your username and your password." in answer.text
    assert served.registry.rows()["attempts"] == before


def test_a_password_is_nowhere_but_in_the_form(served: Served, browser: Tab, web: Program, user: User) -> None:
    """S-012."""
    page = browser.open(web.authorization_url(verifier()))

    answer = guess(browser, page, user.username, "a very secret password")

    assert "a very secret password" not in answer.text
    assert "a very secret password" not in served.log.getvalue()
    assert "a very secret password" not in repr(served.registry.rows())


def test_a_disabled_user_is_told_what_everybody_is_told(served: Served, browser: Tab, web: Program) -> None:
    user = served.registry.user()
    disable(served, user)

    answer = browser.sign_in(browser.open(web.authorization_url(verifier())), user)

    assert answer.status_code == 400
    assert "The username or password is wrong." in answer.text
    assert served.registry.events(answer.headers["x-correlation-id"]) == [("sign_in_failed", "subject_disabled")]


def _without_noise(page: httpx2.Response, username: str) -> str:
    """The page without the typed name and the sealed field."""
    before, _, rest = page.text.partition('name="interaction" value="')
    return (before + rest.partition('"')[2]).replace(username, "NAME")
