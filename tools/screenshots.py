"""Take the README's pictures anew: docs/images/*.png, from a server of this moment. Needs what `make test` installs.

Run from the repository's root: .venv/bin/python tools/screenshots.py
Then bring them to a palette of 256 colours with any program that does so: 150 KB a picture is the most.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.chromium import ARGUMENTS, program  # noqa: E402  # found by the path above
from tests.support.server import Server, evergrant  # noqa: E402  # the same

IMAGES = ROOT / "docs" / "images"
PORT = 8000  # as in the documents
API = "https://api.harbour.example"
SCOPE = "openid profile email offline_access notes:read notes:write"
# A code challenge of nobody's: these requests end on our pages.
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
TO_PLAYGROUND = "scrollTo(0, document.getElementById('playground').offsetTop - 24)"


def main() -> None:
    """Start a server, register what the pages show, and take every picture."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.chdir(folder)  # the page says where the database is: a short name reads well
        server = Server(Path("evergrant-data").absolute(), port=PORT)
        server.start()
        try:
            register(server)
            browser = playwright.chromium.launch(executable_path=program(), args=list(ARGUMENTS))
            take(browser, server)
        finally:
            server.kill()


def register(server: Server) -> None:
    """An application and an API."""
    api = ["resource", "create", API, "--name", "Harbour API"]
    api += ["--scope", "notes:read=Read your notes", "--scope", "notes:write=Write and delete your notes"]
    client = ["client", "create", "harbour-notes", "--name", "Harbour Notes", "--scope", SCOPE]
    client += ["--redirect-uri", "https://notes.harbour.example/callback", "--audience", API]
    for arguments in (api, client):
        answer = evergrant(*arguments, data_dir=server.data_dir)
        if answer.returncode:
            sys.exit(answer.stderr)


def take(browser: Browser, server: Server) -> None:
    """Every picture."""
    with tab(browser) as page:
        page.goto(request(server))
        snap(page, "sign-in")
        sign_in(page, server, "#allow")
        snap(page, "consent", whole=True)
    with tab(browser, dark=True) as page:
        page.goto(request(server))
        snap(page, "sign-in-dark")
    with tab(browser, width=320, height=640) as page:
        page.goto(request(server))
        sign_in(page, server, "#allow")
        snap(page, "consent-320", whole=True)
    with tab(browser, width=1200, height=860) as page:
        page.goto(server.base_url)
        page.wait_for_selector("#outside:not([hidden])")
        snap(page, "welcome")
        page.click("#pg-sign-in")
        sign_in(page, server, "#allow")
        page.click("#allow")
        for trial in ("refresh", "retry", "twice"):
            with page.expect_response("**/playground/grant*"):
                page.click(f"#pg-{trial}")
        page.evaluate(TO_PLAYGROUND)
        snap(page, "playground")
        with page.expect_response("**/playground/grant*"):
            page.click("#pg-replay")
        page.evaluate(TO_PLAYGROUND)
        snap(page, "grant-ended")


@contextmanager
def tab(browser: Browser, *, width: int = 1000, height: int = 620, dark: bool = False) -> Iterator[Page]:
    """A page in a browser of its own."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        locale="en-GB",
    )
    yield context.new_page()
    context.close()


def request(server: Server) -> str:
    """Where the application sends its person."""
    return (
        f"{server.base_url}/authorize?response_type=code&client_id=harbour-notes&scope={SCOPE.replace(' ', '%20')}"
        f"&redirect_uri=https%3A%2F%2Fnotes.harbour.example%2Fcallback&resource={API}"
        f"&code_challenge={CHALLENGE}&code_challenge_method=S256"
    )


def sign_in(page: Page, server: Server, until: str) -> None:
    """Sign the demo user in and wait for an element."""
    page.fill("#username", server.demo.username)
    page.fill("#password", server.demo.password)
    page.click("#sign-in")
    page.wait_for_selector(until)


def snap(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep a picture; `whole`: as high as the page is."""
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}.png", full_page=whole)


if __name__ == "__main__":
    main()
