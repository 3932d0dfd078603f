"""From an issuer's URL to its endpoints. OpenID Connect Discovery §4, RFC 8414 §3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


class BadMetadata(Exception):
    """The document cannot be believed; the text says why."""


@dataclass(frozen=True, slots=True)
class Provider:
    """An issuer, as its discovery document describes it."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    scopes_supported: frozenset[str]
    challenge_methods: frozenset[str]
    auth_methods: frozenset[str]
    iss_in_response: bool


def well_known_urls(issuer: str) -> tuple[str, ...]:
    """Where the document is looked for, in this order."""
    base = issuer.rstrip("/")
    scheme, _, rest = base.partition("://")
    host, slash, path = rest.partition("/")
    return (
        f"{base}/.well-known/openid-configuration",
        f"{scheme}://{host}/.well-known/oauth-authorization-server{slash}{path}",
    )


def read_metadata(issuer: str, document: Mapping[str, object]) -> Provider:
    """Raises BadMetadata if it is another issuer's, or lacks what a client needs."""
    named = document.get("issuer")
    # Byte by byte (RFC 8414 §3.3): whoever may write one document must not speak for another issuer.
    if named != issuer:
        raise BadMetadata(f"the document is about {named!r}, not about {issuer!r}")
    return Provider(
        issuer=issuer,
        authorization_endpoint=_url(document, "authorization_endpoint"),
        token_endpoint=_url(document, "token_endpoint"),
        jwks_uri=_url(document, "jwks_uri"),
        userinfo_endpoint=_url(document, "userinfo_endpoint") if "userinfo_endpoint" in document else None,
        scopes_supported=_words(document, "scopes_supported"),
        challenge_methods=_words(document, "code_challenge_methods_supported"),
        # RFC 8414 §2: without the member, Basic is what there is.
        auth_methods=_words(document, "token_endpoint_auth_methods_supported") or frozenset({"client_secret_basic"}),
        iss_in_response=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _url(document: Mapping[str, object], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        raise BadMetadata(f"{name} is missing or no URL")
    return value


def _words(document: Mapping[str, object], name: str) -> frozenset[str]:
    value = document.get(name)
    return frozenset(word for word in value if isinstance(word, str)) if isinstance(value, list) else frozenset()
