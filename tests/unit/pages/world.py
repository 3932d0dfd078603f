"""One of every page, and a reader that sees HTML as a browser's parser does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field, fields
from html.parser import HTMLParser
from typing import TypeAlias

from evergrant.server.pages.render import Page, Pages
from evergrant.server.pages.views import (
    ConsentView,
    ErrorView,
    HomeView,
    LogoutView,
    SignedOutView,
    SignInView,
    WelcomeView,
)

View: TypeAlias = SignInView | ConsentView | ErrorView | LogoutView | SignedOutView | HomeView | WelcomeView

PAGES = Pages("/static", https=True)

SIGN_IN = SignInView("/sign-in", "interaction-1", "Harbour Notes", "Harbour Works")
CONSENT = ConsentView(
    action="/consent",
    interaction="interaction-1",
    client_name="Harbour Notes",
    client_id="harbour-notes",
    redirect_host="notes.example",
    username="ada",
    scopes=(("openid", "Know who you are"),),
    resources=(("Harbour API", "https://api.example/harbour", (("notes.read", "Read your notes"),)),),
    offline=True,
    lasts="90 days, or 14 days without use",
    loopback_warning=True,
)
ERROR = ErrorView("Not possible", "The redirect URI is not registered.", "c-1", "Compare it letter by letter.")
LOGOUT = LogoutView("/logout", "token-1", "ada", "Harbour Notes")
SIGNED_OUT = SignedOutView("Harbour Works", "https://notes.example/bye", "Harbour Notes")
HOME = HomeView("Harbour Works", "https://id.example")
WELCOME = WelcomeView(
    version="0.1.0",
    issuer="http://localhost:8000",
    database="data/evergrant.db",
    keys=("ES256 k1", "RS256 k2"),
    demo_clients=(("demo-web", "public, PKCE"),),
    demo_username="ada",
    playground=True,
    endpoints=(("Token", "http://localhost:8000/token"),),
    next_commands=(("evergrant try", "walks the loop"),),
)

VIEWS: tuple[View, ...] = (SIGN_IN, CONSENT, ERROR, LOGOUT, SIGNED_OUT, HOME, WELCOME)

STRUCTURE = frozenset({"form_action_origin", "continue_url"})  # the server proves these; other tests try to break them


def render(view: View, pages: Pages = PAGES) -> Page:
    match view:
        case SignInView():
            return pages.sign_in(view)
        case ConsentView():
            return pages.consent(view)
        case ErrorView():
            return pages.error(view)
        case LogoutView():
            return pages.logout_confirm(view)
        case SignedOutView():
            return pages.signed_out(view)
        case HomeView():
            return pages.home(view)
        case WelcomeView():
            return pages.welcome(view)


def with_every_text(view: View, edit: Callable[[str], str]) -> View:
    """The view with each of its strings, however deep, put through ``edit``."""

    def deep(value: object) -> object:
        if isinstance(value, str):
            return edit(value)
        return tuple(deep(item) for item in value) if isinstance(value, tuple) else value

    edited = copy(view)
    for name in {f.name for f in fields(view)} - STRUCTURE:
        object.__setattr__(edited, name, deep(getattr(view, name)))  # frozen, and of seven types: by name is simplest
    return edited


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Document:
    """Elements in their order, each with the text inside it."""

    elements: list[Element] = field(default_factory=list)

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def by_id(self, name: str) -> Element:
        (found,) = [element for element in self.elements if element.attributes.get("id") == name]
        return found

    def where(self, test: Callable[[Element], bool]) -> Iterator[Element]:
        return filter(test, self.elements)

    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """Tags and the names of their attributes: what text must never be able to change."""
        return [(element.tag, tuple(element.attributes)) for element in self.elements]


_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.document = Document()
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.document.elements.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop().tag == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data


def read(html: str) -> Document:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open, "an element was not closed"
    return reader.document
