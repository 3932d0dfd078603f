"""A real browser: Debian's Chromium, driven by Playwright, that may talk to this machine only.

A page fails its test on anything the browser complains about: a violation of the content security policy, a
script error, a resource that did not load, a request beyond loopback. A test that provokes one says so first:
`complaints.expect(r"status of 400")`.

Browser tests are plain functions, not coroutines: Playwright's synchronous interface keeps a loop of its own
while the browser is open, so a file has browser tests or `async` tests, not both.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

ARGUMENTS = (
    "--no-sandbox",  # Chromium refuses its sandbox as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No name but ours resolves, so that nothing can leave even through a redirect.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]",
)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

# The console tells of most violations, this of all of them, also in report-only mode.
_REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
    console.error(`Content Security Policy: ${event.effectiveDirective} refused ${event.blockedURI}`));
"""


def program() -> str:
    """Where Chromium is."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise RuntimeError("These tests need Chromium: run `make machine`.")
    return found


@dataclass  # no slots: Playwright keeps its wrappers of our listeners in the object
class Complaints:
    """What the browser complained about, and what the test said it would."""

    heard: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, pattern: str) -> None:
        """Let complaints pass that match this regular expression."""
        self.expected.append(pattern)

    def unexpected(self) -> list[str]:
        """The ones nobody announced."""
        return [text for text in self.heard if not any(re.search(known, text) for known in self.expected)]

    def listen(self, context: BrowserContext) -> None:
        """Hear everything that happens in any page of `context`."""
        context.add_init_script(_REPORT_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.heard.append(f"script error: {error.error}"))
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            self.heard.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in LOOPBACK:
            self.heard.append(f"request beyond loopback: {request.url}")


class NewPage(Protocol):
    """Opens a page in a new, empty context: no cookies of other pages."""

    def __call__(
        self,
        *,
        javascript: bool = True,
        dark: bool = False,
        width: int = 1280,
        height: int = 800,
        user_agent: str | None = None,
    ) -> Page:
        """Sizes in CSS pixels."""
        ...


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a file."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> Complaints:
    """What the browser complains about in this test."""
    return Complaints()


@pytest.fixture
def new_page(browser: Browser, complaints: Complaints) -> Iterator[NewPage]:
    """For journeys with several people, or without JavaScript, or in another size or scheme."""
    contexts: list[BrowserContext] = []

    def open_page(
        *,
        javascript: bool = True,
        dark: bool = False,
        width: int = 1280,
        height: int = 800,
        user_agent: str | None = None,
    ) -> Page:
        context = browser.new_context(
            java_script_enabled=javascript,
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": height},
            user_agent=user_agent,
            locale="en-GB",
        )
        context.set_default_timeout(15_000)
        complaints.listen(context)
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert complaints.unexpected() == []


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A page of an ordinary desktop browser."""
    return new_page()
