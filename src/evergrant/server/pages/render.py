"""Views in, pages out. No HTTP here: the endpoints send what these functions return."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from evergrant.server.pages.display import display
from evergrant.server.pages.headers import PageKind, form_action_origin, headers
from evergrant.server.pages.views import (
    ConsentView,
    ErrorView,
    HomeView,
    LogoutView,
    SignedOutView,
    SignInView,
    WelcomeView,
)

STATIC_FOLDER: Final = Path(__file__).parent / "static"
"""What is to be served under the static prefix. An address with ``?v=`` may be cached for ever."""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer for a browser: HTML text, the headers that belong to it, and the HTTP status."""

    html: str
    headers: Mapping[str, str]
    status: int = 200


class Pages:
    """Renders every page of one server.

    ``static_prefix`` is the path under which ``STATIC_FOLDER`` is served (``/static``); ``https`` says whether browsers
    reach the issuer by https, and may be told to never come by anything else.
    """

    def __init__(self, static_prefix: str, https: bool) -> None:
        self._prefix = static_prefix.rstrip("/")
        self._https = https
        self._templates = Environment(
            loader=PackageLoader("evergrant.server.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["shown"] = display
        self._templates.filters["static_url"] = self.static_url

    def static_url(self, name: str) -> str:
        """The address of a static file; it changes with the content. Raises FileNotFoundError for any other name."""
        return f"{self._prefix}/{name}?v={_digest(name)}"

    def sign_in(self, view: SignInView) -> Page:
        """The sign-in form: 200 at first, 400 after a refusal, 429 with ``Retry-After`` while it is slowed down."""
        if view.retry_after_s is not None:
            page = self._page("sign_in.html", view, status=429, form_action_origin=view.form_action_origin)
            return replace(page, headers={**page.headers, "Retry-After": str(max(1, view.retry_after_s))})
        return self._page(
            "sign_in.html", view, status=200 if view.error is None else 400, form_action_origin=view.form_action_origin
        )

    def consent(self, view: ConsentView) -> Page:
        """The question whether a client may act for this user."""
        return self._page("consent.html", view, form_action_origin=view.form_action_origin)

    def error(self, view: ErrorView, status: int = 400) -> Page:
        """An error that is shown here because it must not be sent anywhere (RFC 6749 §4.1.2.1)."""
        return self._page("error.html", view, status=status)

    def logout_confirm(self, view: LogoutView) -> Page:
        """The question before a logout (OpenID Connect RP-Initiated Logout 1.0 §2)."""
        return self._page("logout_confirm.html", view, form_action_origin=view.form_action_origin)

    def signed_out(self, view: SignedOutView) -> Page:
        """The end of a session. A ``continue_url`` that is no redirect URI (``javascript:``) is not made a link."""
        if view.continue_url is not None and form_action_origin(view.continue_url) is None:
            view = replace(view, continue_url=None)
        return self._page("signed_out.html", view)

    def welcome(self, view: WelcomeView) -> Page:
        """Development mode's first page; the only one with JavaScript, and only with the playground."""
        return self._page("welcome.html", view, kind=PageKind.PLAYGROUND if view.playground else PageKind.DOCUMENT)

    def home(self, view: HomeView) -> Page:
        """A production server's root."""
        return self._page("home.html", view)

    def _page(
        self,
        template: str,
        view: object,
        *,
        status: int = 200,
        kind: PageKind = PageKind.DOCUMENT,
        form_action_origin: str | None = None,
    ) -> Page:
        html = self._templates.get_template(template).render(view=view)
        return Page(html, headers(kind, form_action_origin, https=self._https), status)


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC_FOLDER / name).read_bytes()).hexdigest()[:8]
