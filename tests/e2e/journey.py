"""The steps that most journeys have in common."""

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.protocol.person import Landing
from tests.protocol.program import Code, Program, verifier
from tests.protocol.registry import User
from tests.support.callback import Callback

REFUSED = r"status of 400"
"""What Chromium's console says of a page that answers a refused form."""


def ask(page: Page, program: Program, callback: Callback, **parameters: str) -> str:
    """Come from the client. Returns the code verifier."""
    proof = verifier()
    page.goto(program.authorization_url(proof, **{"redirect_uri": callback.uri(), **parameters}))
    return proof


def fill_in(page: Page, username: str, password: str) -> None:
    """Fill the sign-in form and press its button."""
    page.fill("#username", username)
    page.fill("#password", password)
    page.click("#sign-in")


def sign_in(page: Page, user: User) -> None:
    """With the right password, to whatever comes then."""
    fill_in(page, user.username, user.password)
    expect(page.locator("#sign-in")).to_have_count(0)


def allow(page: Page, callback: Callback) -> dict[str, str]:
    """Allow what is asked; what the client was told."""
    page.click("#allow")
    return arrive(page, callback)


def arrive(page: Page, callback: Callback) -> dict[str, str]:
    """Wait until the browser is back at the client; what the client was told."""
    told = callback.next()
    expect(page).to_have_title("Back at the client")
    return told


def expect_sign_in(page: Page) -> None:
    """The sign-in page is shown."""
    expect(page.locator("#sign-in")).to_be_visible()


def expect_consent(page: Page) -> None:
    """The consent page is shown."""
    expect(page.locator("#allow")).to_be_visible()


def expect_error(page: Page, text: str) -> None:
    """Our own error page is shown, with the reference that explains it."""
    expect(page.get_by_role("heading", level=1)).to_have_text("This did not work")
    expect(page.locator("main")).to_contain_text(text)
    expect(page.locator("main")).to_contain_text("Reference")


def code_from(answer: dict[str, str], proof: str, callback: Callback) -> Code:
    """The code that the client was sent, with what has to be shown beside it."""
    return Code(answer["code"], proof, Landing(callback.uri(), answer, ()))


def cookies_of(page: Page) -> dict[str, str]:
    """Every cookie of this browser, by name."""
    return {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}


def query_of(url: str) -> dict[str, str]:
    """The parameters of a URL, each once."""
    found = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in found.values()), url
    return {name: values[0] for name, values in found.items()}
