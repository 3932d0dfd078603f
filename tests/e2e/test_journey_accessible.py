"""Every page, in light, in dark and on a small telephone: readable, reachable, and nothing cut off."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.journey import REFUSED, ask, expect_consent, fill_in, sign_in
from tests.e2e.site import add_api
from tests.protocol.program import Program
from tests.protocol.registry import Registered, User
from tests.protocol.served import Served
from tests.support.callback import Callback
from tests.support.chromium import Complaints, NewPage

SMALLEST = 24  # CSS pixels, WCAG 2.2 §2.5.8
NARROWEST = 320  # CSS pixels, WCAG 2.2 §1.4.10
API = "https://api.harbour.example/"
SCOPE = "openid profile email offline_access notes:read notes:write unknown"

_OUTSIDE = """() => [...document.body.querySelectorAll("*")].filter((element) => {
  const box = element.getBoundingClientRect();
  return box.width && box.height && getComputedStyle(element).position !== "absolute" && !element.closest("pre")
    && (box.left < 0 || box.right > document.documentElement.clientWidth + 0.5);
}).map((element) => element.outerHTML.slice(0, 120))"""

_SMALL = """(smallest) => [...document.querySelectorAll("button, a, input:not([type=hidden])")].filter((element) => {
  const box = element.getBoundingClientRect();
  return box.width && (box.width < smallest || box.height < smallest);
}).map((element) => element.outerHTML.slice(0, 120))"""

# Where Tab goes, and whether one can see it: an outline, thick enough, that is not there without the focus.
_FOCUS = """() => {
  const element = document.activeElement, style = getComputedStyle(element);
  const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return [element.id || element.tagName.toLowerCase(), seen];
}"""

# The spacing that a reader may set (WCAG 2.2 §1.4.12).
_SPACED = """() => {
  const sheet = new CSSStyleSheet();
  const text = "line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important";
  sheet.replaceSync(`* { ${text} }`);
  document.adoptedStyleSheets = [sheet];
}"""


class Gallery:
    """Opens each page of one server in a browser of its own."""

    def __init__(self, site: Served, program: Program, user: User, callback: Callback) -> None:
        self.site = site
        self._program = program
        self._user = user
        self._callback = callback

    def sign_in(self, page: Page) -> None:
        ask(page, self._program, self._callback, scope=SCOPE, resource=API)

    def sign_in_refused(self, page: Page) -> None:
        self.sign_in(page)
        fill_in(page, "nobody", "wrong")
        expect(page.get_by_role("alert")).to_be_visible()

    def consent(self, page: Page) -> None:
        self.sign_in(page)
        sign_in(page, self._user)
        expect_consent(page)

    def error(self, page: Page) -> None:
        page.goto(f"{self.site.url}/authorize?client_id=nobody")

    def logout(self, page: Page) -> None:
        self.consent(page)
        page.goto(f"{self.site.url}/logout?client_id={self._program.client.id}")

    def signed_out(self, page: Page) -> None:
        page.goto(f"{self.site.url}/logout")

    def welcome(self, page: Page) -> None:
        page.goto(f"{self.site.url}/")


PAGES = [Gallery.sign_in, Gallery.sign_in_refused, Gallery.consent, Gallery.error, Gallery.logout, Gallery.signed_out]
EVERY_PAGE = pytest.mark.parametrize("show", [*PAGES, Gallery.welcome], ids=lambda show: show.__name__)
Show = Callable[[Gallery, Page], None]


@pytest.fixture(scope="module")
def harbour(site: Served) -> Registered:
    """A client that asks for much, on this device."""
    add_api(site, API, "Harbour API", {"notes:read": "Read your notes", "notes:write": "Write your notes"})
    return site.registry.client(name="Harbour Notes", public=True, scope=SCOPE, audiences=(API,))


@pytest.fixture
def gallery(site: Served, harbour: Registered, user: User, callback: Callback, complaints: Complaints) -> Gallery:
    complaints.expect(REFUSED)
    return Gallery(site, Program(site, harbour), user, callback)


@EVERY_PAGE
def test_a_page_breaks_no_rule_of_accessibility_in_light_or_dark(page: Page, gallery: Gallery, show: Show) -> None:
    page.emulate_media(reduced_motion="reduce")  # or a colour would be judged on its way to another
    show(gallery, page)
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")

    assert violations(page) == []
    assert page.evaluate(_SMALL, SMALLEST) == []


@EVERY_PAGE
def test_a_page_fits_the_narrowest_screen_and_the_widest_letters(
    new_page: NewPage, gallery: Gallery, show: Show
) -> None:
    page = new_page(width=NARROWEST, height=640)
    show(gallery, page)

    assert page.evaluate(_OUTSIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth") == NARROWEST
    assert page.evaluate(_SMALL, SMALLEST) == []
    page.evaluate(_SPACED)
    assert page.evaluate("document.documentElement.scrollWidth") == NARROWEST


@pytest.mark.parametrize(
    ("show", "order"),
    [
        (Gallery.sign_in, ["username", "password", "sign-in"]),
        (Gallery.sign_in_refused, ["username", "password", "sign-in"]),
        (Gallery.consent, ["switch", "allow", "deny"]),
        (Gallery.logout, ["sign-out", "stay"]),
    ],
    ids=["sign_in", "sign_in_refused", "consent", "logout"],
)
def test_the_focus_is_seen_and_goes_in_the_order_of_reading(
    page: Page, gallery: Gallery, show: Show, order: list[str]
) -> None:
    show(gallery, page)
    page.focus(f"#{order[-1]}")
    page.keyboard.press("Tab")  # beyond the last one: around to the beginning
    seen = []
    for _ in order:
        page.keyboard.press("Tab")
        seen.append(page.evaluate(_FOCUS))

    assert seen == [[name, True] for name in order]


def test_who_wants_less_motion_gets_none(page: Page, gallery: Gallery) -> None:
    page.emulate_media(reduced_motion="reduce")
    gallery.welcome(page)
    page.locator("#outside").evaluate("(element) => { element.hidden = false }")

    assert page.locator(".node.current b").evaluate("(element) => getComputedStyle(element).animationName") == "none"


def test_a_person_with_colours_of_their_own_still_sees_the_buttons(page: Page, gallery: Gallery) -> None:
    page.emulate_media(forced_colors="active")
    gallery.sign_in(page)

    assert page.locator("#sign-in").evaluate("(element) => getComputedStyle(element).borderTopStyle") == "solid"


def test_every_page_says_its_language_and_an_error_is_named_in_the_title(page: Page, gallery: Gallery) -> None:
    gallery.error(page)

    expect(page).to_have_title("Error: This did not work")
    assert page.locator("html").get_attribute("lang") == "en"
