"""A person with a browser that runs no scripts: follows redirects, fills the forms it is shown, and submits them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Final
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx2

MOST_PAGES: Final = 8


@dataclass(slots=True)
class Form:
    """A form as it stands on a page; `buttons` by id: name and value."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)

    def filled(self, press: str, **typed: str) -> dict[str, str]:
        """What is sent when the button of that id is pressed."""
        name, value = self.buttons[press]
        pressed = {name: value} if name else {}
        return {**self.fields, **typed, **pressed}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(said.get("action", "")))
            self._open = True
        elif self._open and tag == "input" and said.get("name"):
            self.forms[-1].fields[said["name"]] = said.get("value", "")
        elif self._open and tag == "button" and said.get("id"):
            self.forms[-1].buttons[said["id"]] = (said.get("name", ""), said.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


def forms(page: httpx2.Response) -> list[Form]:
    """The forms of a page."""
    reader = _Reader()
    reader.feed(page.text)
    return reader.forms


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the browser was sent at the end, and which pages it saw on the way."""

    uri: str
    parameters: dict[str, str]
    seen: tuple[str, ...]


class Person:
    """Somebody who signs in with this name and password and allows what is asked."""

    def __init__(self, base_url: str, username: str, password: str, *, decision: str = "allow") -> None:
        self.username = username
        self.password = password
        self.decision = decision
        self.http = httpx2.Client(base_url=base_url, timeout=30, headers={"User-Agent": "person"})

    def __enter__(self) -> "Person":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def visit(self, url: str, redirect_uri: str) -> Landing:
        """From an authorization URL until the browser is sent to the client, which is not asked."""
        seen: list[str] = []
        answer = self.http.get(url)
        for _ in range(MOST_PAGES):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if target.partition("?")[0] == redirect_uri:
                    return Landing(target, _once(urlsplit(target).query), tuple(seen))
                answer = self.http.get(target)
                continue
            answer = self._answer(answer, seen)
        raise AssertionError(f"The browser never came back to the client; it saw {seen}.")

    def _answer(self, page: httpx2.Response, seen: list[str]) -> httpx2.Response:
        for form in forms(page):
            if "sign-in" in form.buttons:
                seen.append("sign-in")
                sent = form.filled("sign-in", username=self.username, password=self.password)
            elif self.decision in form.buttons:
                seen.append("consent")
                sent = form.filled(self.decision)
            else:
                continue
            # Browsers say where a form was posted from.
            return self.http.post(
                urljoin(str(page.url), form.action), data=sent, headers={"Sec-Fetch-Site": "same-origin"}
            )
        raise AssertionError(f"{page.status_code} is no page to go on from: {page.text[:2000]}")


def _once(query: str) -> dict[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    found = dict(pairs)
    assert len(found) == len(pairs), f"a parameter is repeated: {query}"
    return found
