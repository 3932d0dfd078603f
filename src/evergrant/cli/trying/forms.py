"""Signs in as a browser without JavaScript does: follows redirects, fills the forms it is shown, and submits them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin

import httpx2

from evergrant.protocol.secret import Secret

_MAX_PAGES: Final = 12


class StuckAt(Exception):
    """A page that is neither sign-in nor consent; the text holds its title and its first words."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who signs in at our own pages."""

    username: str
    password: Secret


@dataclass(slots=True)
class _Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By id: name and value."""


class _Reader(HTMLParser):
    """The forms of a page, and the text a person would see first."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_Form] = []
        self.words: list[str] = []
        self._inside_form = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(_Form(said.get("action", "")))
            self._inside_form = True
        elif self._inside_form and tag == "input" and said.get("name"):
            self.forms[-1].fields[said["name"]] = said.get("value", "")
        elif self._inside_form and tag == "button" and said.get("id"):
            self.forms[-1].buttons[said["id"]] = (said.get("name", ""), said.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside_form = False

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(" ".join(data.split()))


def walk(http: httpx2.Client, start: str, redirect_uri: str, person: Person) -> tuple[str, list[str]]:
    """From the authorization URL to the redirect: where it leads, and which pages were shown on the way.

    Raises StuckAt, and httpx2's errors.
    """
    shown: list[str] = []
    answer = http.get(start, follow_redirects=False)
    for _ in range(_MAX_PAGES):
        if answer.is_redirect:
            target = urljoin(str(answer.url), answer.headers["location"])
            if _leads_to(target, redirect_uri):
                return target, shown
            answer = http.get(target, follow_redirects=False)
            continue
        page = _Reader()
        page.feed(answer.text)
        name, form, fields = _filled(page, person)
        if name in shown:
            raise StuckAt(_describe(page, answer))
        shown.append(name)
        answer = http.post(urljoin(str(answer.url), form.action), data=fields, follow_redirects=False)
    raise StuckAt("the redirects do not end")


def _filled(page: _Reader, person: Person) -> tuple[str, _Form, dict[str, str]]:
    for form in page.forms:
        if "password" in form.fields:
            secret = {"username": person.username, "password": person.password.reveal()}
            return "sign-in", form, {**form.fields, **secret}
        if "allow" in form.buttons:
            name, value = form.buttons["allow"]
            return "consent", form, {**form.fields, name: value}
    raise StuckAt(" · ".join(page.words[:6]))


def _describe(page: _Reader, answer: httpx2.Response) -> str:
    return f"status {answer.status_code}: {' · '.join(page.words[:6])}"


def _leads_to(target: str, redirect_uri: str) -> bool:
    return target == redirect_uri or target.startswith((f"{redirect_uri}?", f"{redirect_uri}&"))
