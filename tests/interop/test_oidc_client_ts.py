"""The library of most browser applications, oidc-client-ts, in a real browser, in two tabs that share one session."""

from collections.abc import Iterator
from typing import Any, TypeAlias, cast

import pytest
from playwright.sync_api import Page, Route, expect

from evergrant.core.facts import Grant, GrantState
from tests.e2e.journey import sign_in
from tests.e2e.site import open_site
from tests.interop.browser_app import BrowserApp, browser_app
from tests.protocol.registry import Registered, User
from tests.protocol.served import Served
from tests.support.waiting import until

Session: TypeAlias = dict[str, Any]

# Milliseconds. A shared machine is slow at times: a slow page is not a wrong one.
expect.set_options(timeout=15_000)

IN_EACH_TAB = 4

SESSION = "async () => (({ profile, expired, ...tokens }) => ({ ...tokens, sub: profile.sub, expired }))(%s)"
READ = SESSION % "await manager.getUser()"
RENEW = SESSION % "await manager.signinSilent()"

# Nobody waits for these in the page, so that the other tab can start before the first is answered.
RENEW_TOGETHER = """(times) => {
    window.renewals = Promise.allSettled(Array.from({ length: times }, () => manager.signinSilent()));
}"""
RENEWED = """async () => (await renewals).map((one) =>
    one.status === "fulfilled" ? one.value.refresh_token : `refused: ${one.reason}`)"""

USERINFO = """async (url) => {
    const { access_token } = await manager.getUser();
    const answer = await fetch(url, { headers: { Authorization: `Bearer ${access_token}` } });
    return await answer.json();
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for the tests of this file."""
    with open_site(tmp_path_factory.mktemp("site")) as found:
        yield found


@pytest.fixture
def user(site: Served) -> User:
    return site.registry.user(claims={"name": "Ada"})


@pytest.fixture
def app() -> Iterator[BrowserApp]:
    with browser_app() as found:
        yield found


@pytest.fixture
def client(site: Served, app: BrowserApp) -> Registered:
    """The application's registration: no secret, its own origin only."""
    client = site.registry.client(public=True, redirect_uris=(app.url,), allowed_origins=(app.origin,))
    app.settings = {"authority": site.url, "client_id": client.id, "scope": "openid profile offline_access"}
    return client


@pytest.fixture
def tab(page: Page, app: BrowserApp, client: Registered, user: User) -> Page:
    """The application, after somebody has signed in through our pages."""
    page.goto(app.url)
    page.click("#start")
    sign_in(page, user)
    page.click("#allow")
    expect(page.locator("#who")).to_have_text(f"Signed in as {user.id}")
    return page


def session(tab: Page) -> Session:
    """What the library remembers, as this tab sees it."""
    return cast(Session, tab.evaluate(READ))


def grant_of(site: Served, client: Registered) -> Grant:
    """The only grant there is."""
    (grant,) = site.registry.grants_of(client)
    return grant


def renew_in_both(tab: Page, other: Page) -> list[str]:
    """Renew in both tabs at once; the refresh tokens that the library was given, or why it was not.

    No request goes out before all are there: all hold the same refresh token, however slow the machine is.
    """
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    tab.context.route("**/token", hold)
    for each in (tab, other):
        each.evaluate(RENEW_TOGETHER, IN_EACH_TAB)
    # Playwright hears of requests only while it is asked something: the title will do.
    until(lambda: tab.title() and len(waiting) == 2 * IN_EACH_TAB, what="all renewals are on their way")
    assert len({route.request.post_data for route in waiting}) == 1
    for route in waiting:
        route.continue_()
    given = [token for each in (tab, other) for token in cast(list[str], each.evaluate(RENEWED))]
    tab.context.unroute("**/token")
    return given


def test_somebody_signs_in_and_the_application_has_tokens_and_asks_who_it_is(
    tab: Page, site: Served, client: Registered, user: User
) -> None:
    """Code + PKCE; discovery, token and userinfo endpoint answer a script of another origin."""
    told = session(tab)
    claims = tab.evaluate(USERINFO, f"{site.url}/userinfo")

    assert (told["sub"], told["token_type"], told["expired"]) == (user.id, "Bearer", False)
    assert set(told["scope"].split()) == {"openid", "profile", "offline_access"}
    assert (claims["sub"], claims["name"]) == (user.id, "Ada")
    assert (grant_of(site, client).state, grant_of(site, client).generation) == (GrantState.ACTIVE, 1)


def test_eight_renewals_in_two_tabs_with_one_token_all_succeed_and_both_tabs_go_on(
    tab: Page, site: Served, app: BrowserApp, client: Registered, user: User
) -> None:
    """All are given the same successor; no tab is signed out, and the grant is not ended for reuse."""
    first = session(tab)["refresh_token"]
    other = tab.context.new_page()
    other.goto(app.url)
    expect(other.locator("#who")).to_have_text(f"Signed in as {user.id}")

    given = renew_in_both(tab, other)
    after_the_storm = [session(each)["refresh_token"] for each in (tab, other)]
    generation = grant_of(site, client).generation
    later = [cast(Session, each.evaluate(RENEW))["refresh_token"] for each in (other, tab)]

    assert len(given) == 2 * IN_EACH_TAB
    assert set(given) == set(after_the_storm)
    assert len({first, *given, *later}) == 4
    assert generation == 2
    assert other.evaluate(USERINFO, f"{site.url}/userinfo")["sub"] == user.id
    assert (grant_of(site, client).state, grant_of(site, client).generation) == (GrantState.ACTIVE, 4)
