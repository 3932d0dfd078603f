"""What each page shows. Everything is plain text: the templates escape it, and nothing here is ever trusted as HTML.

``form_action_origin`` is what ``headers.form_action_origin`` makes of a redirect URI that was *proven* to be the
client's. Browsers apply the ``form-action`` directive to the whole redirect chain after a form was posted, so a page
whose answer may redirect to the client has to name it (Content Security Policy Level 3, form-action).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

PRODUCT: Final = "Evergrant"
"""Who is shown to ask where no realm has a name of its own."""

ScopeLine: TypeAlias = tuple[str, str]
"""A scope's name and its plain description."""

ResourceLine: TypeAlias = tuple[str, str, Sequence[ScopeLine]]
"""A protected API's name, its identifier (the audience, RFC 8707) and the scopes asked of it."""


@dataclass(frozen=True, slots=True)
class SignInView:
    """Username and password, for the client that is waiting. ``retry_after_s`` is in seconds."""

    action: str
    interaction: str
    client_name: str
    realm_name: str
    username: str = ""
    error: str | None = None
    retry_after_s: int | None = None
    form_action_origin: str | None = None


@dataclass(frozen=True, slots=True)
class ConsentView:
    """What a client asks for, on whose behalf, where the answer goes, and how long it lasts (in words)."""

    action: str
    interaction: str
    client_name: str
    client_id: str
    redirect_host: str
    username: str
    scopes: Sequence[ScopeLine]
    resources: Sequence[ResourceLine]
    offline: bool
    lasts: str
    loopback_warning: bool
    form_action_origin: str | None = None
    realm_name: str = PRODUCT


@dataclass(frozen=True, slots=True)
class ErrorView:
    """An error that must not be sent to any redirect URI. ``correlation_id`` is what ``evergrant explain`` takes."""

    title: str
    message: str
    correlation_id: str | None = None
    hint: str | None = None
    realm_name: str = PRODUCT


@dataclass(frozen=True, slots=True)
class LogoutView:
    """The question before an RP-initiated logout. ``logout`` is the hidden token that binds the form."""

    action: str
    logout: str
    username: str
    client_name: str | None = None
    form_action_origin: str | None = None
    realm_name: str = PRODUCT


@dataclass(frozen=True, slots=True)
class SignedOutView:
    """The end of a session. ``continue_url`` is a post-logout redirect URI proven to be the client's."""

    realm_name: str
    continue_url: str | None = None
    client_name: str | None = None


@dataclass(frozen=True, slots=True)
class HomeView:
    """What a production server shows at its root: who it is, and where its metadata lies."""

    realm_name: str
    issuer: str

    @property
    def discovery_url(self) -> str:
        """OpenID Connect Discovery 1.0 §4: the issuer, without a closing slash, and the well-known suffix."""
        return self.issuer.rstrip("/") + "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class WelcomeView:
    """The first page in development mode, with the playground when ``playground`` is set.

    ``endpoints``, ``demo_clients`` and ``next_commands`` are pairs: a name (or id, or command) and its address (or
    description). ``post_logout_uri`` is a registered post-logout redirect URI of the demo client, or None.
    """

    version: str
    issuer: str
    database: str
    keys: Sequence[str]
    demo_clients: Sequence[tuple[str, str]]
    demo_username: str
    playground: bool
    endpoints: Sequence[tuple[str, str]]
    next_commands: Sequence[tuple[str, str]]
    client_id: str = "demo-web"
    scope: str = "openid profile email offline_access roles"
    post_logout_uri: str | None = None

    @property
    def base(self) -> str:
        """The issuer without a closing slash: what endpoint paths are appended to."""
        return self.issuer.rstrip("/")

    @property
    def redirect_uri(self) -> str:
        """The demo client's redirect URI: this page. It has to be registered with exactly this text."""
        return self.base + "/"

    @property
    def grant_url(self) -> str:
        """Where the playground reads the state and events of its own grant."""
        return self.base + "/playground/grant"
