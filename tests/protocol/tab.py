"""A browser tab without scripts that stops at every page, so that a test can look at it before it goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx2

from tests.protocol.person import Form, forms
from tests.protocol.registry import User

FROM_OUR_PAGE = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
"""What browsers say of a form on a page with `Referrer-Policy: no-referrer`."""


class Tab:
    """Follows redirects on the server itself and stops where it is sent elsewhere."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.http = httpx2.Client(base_url=base_url, timeout=30, headers={"User-Agent": "tab"})

    def open(self, url: str, **headers: str) -> httpx2.Response:
        """Type an address."""
        return self._follow(self.http.get(url, headers=headers))

    def press(
        self, page: httpx2.Response, button: str, headers: dict[str, str] | None = None, **typed: str
    ) -> httpx2.Response:
        """Fill the form that has this button, and press it."""
        return self._follow(self.send(page, button, headers, **typed))

    def send(
        self, page: httpx2.Response, button: str, headers: dict[str, str] | None = None, **typed: str
    ) -> httpx2.Response:
        """The same, but stop at the first answer."""
        form = the_form(page, button)
        target = urljoin(str(page.url), form.action)
        return self.http.post(target, data=form.filled(button, **typed), headers=headers or FROM_OUR_PAGE)

    def sign_in(self, page: httpx2.Response, user: User) -> httpx2.Response:
        """With the right password."""
        return self.press(page, "sign-in", username=user.username, password=user.password)

    def cookie(self, name: str) -> str | None:
        """The value of a cookie, or None."""
        found = [cookie.value for cookie in self.http.cookies.jar if cookie.name == name]
        return found[0] if found else None

    def _follow(self, answer: httpx2.Response) -> httpx2.Response:
        for _ in range(8):
            target = urljoin(str(answer.url), answer.headers.get("location", ""))
            if not answer.is_redirect or not target.startswith(self.base_url + "/"):
                return answer
            answer = self.http.get(target)
        raise AssertionError("redirected in a circle")


@contextmanager
def tab(base_url: str) -> Iterator[Tab]:
    """A fresh browser."""
    opened = Tab(base_url)
    with opened.http:
        yield opened


def the_form(page: httpx2.Response, button: str) -> Form:
    """The form that has this button."""
    found = [form for form in forms(page) if button in form.buttons]
    assert found, f"{page.status_code}: no {button} on this page: {page.text[:1500]}"
    return found[0]


def shows(page: httpx2.Response, button: str) -> bool:
    """Whether the page has a form with this button."""
    return any(button in form.buttons for form in forms(page))


def sent_to(answer: httpx2.Response, redirect_uri: str) -> dict[str, str]:
    """The parameters of a redirect to the client, each once."""
    assert answer.status_code == 303, f"{answer.status_code}: {answer.text[:1500]}"
    target, _, query = answer.headers["location"].partition("?")
    assert target == redirect_uri
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def text_of(page: httpx2.Response) -> str:
    """What a page says, unescaped."""
    return unescape(page.text)


def is_error_page(answer: httpx2.Response) -> bool:
    """400, no redirect, and the id under which the operator finds the reason."""
    shown = answer.headers["content-type"].startswith("text/html") and "location" not in answer.headers
    return answer.status_code == 400 and shown and answer.headers["x-correlation-id"] in answer.text


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
