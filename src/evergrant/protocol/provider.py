"""An issuer as its discovery document describes it. OpenID Connect Discovery §4, RFC 8414 §3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


class BadMetadata(Exception):
    """The document cannot be believed; the text says why."""


@dataclass(frozen=True, slots=True)
class Provider:
    """An issuer, its endpoints and what it says of itself. An endpoint that is None is not there."""

    issuer: str
    authorization_endpoint: str | None
    token_endpoint: str
    jwks_uri: str | None
    userinfo_endpoint: str | None
    revocation_endpoint: str | None
    introspection_endpoint: str | None
    end_session_endpoint: str | None
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
    """What a client needs. Raises BadMetadata if it is another issuer's, or lacks something of it."""
    check_issuer(issuer, document)
    return Provider(
        issuer=issuer,
        authorization_endpoint=_optional_url(document, "authorization_endpoint"),
        token_endpoint=url_of(document, "token_endpoint"),
        jwks_uri=_optional_url(document, "jwks_uri"),
        userinfo_endpoint=_optional_url(document, "userinfo_endpoint"),
        revocation_endpoint=_optional_url(document, "revocation_endpoint"),
        introspection_endpoint=_optional_url(document, "introspection_endpoint"),
        end_session_endpoint=_optional_url(document, "end_session_endpoint"),
        scopes_supported=_words(document, "scopes_supported"),
        challenge_methods=_words(document, "code_challenge_methods_supported"),
        # RFC 8414 §2: without the member, Basic is what there is.
        auth_methods=_words(document, "token_endpoint_auth_methods_supported") or frozenset({"client_secret_basic"}),
        iss_in_response=document.get("authorization_response_iss_parameter_supported") is True,
    )


def check_issuer(issuer: str, document: Mapping[str, object]) -> None:
    """Raises BadMetadata if the document is about another issuer.

    Byte by byte (RFC 8414 §3.3): whoever may write one document must not speak for another issuer.
    """
    named = document.get("issuer")
    if named != issuer:
        raise BadMetadata(f"the document is about {named!r}, not about {issuer!r}")


def url_of(document: Mapping[str, object], name: str) -> str:
    """An endpoint of the document. Raises BadMetadata if it is missing or no URL of http or https."""
    value = document.get(name)
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        raise BadMetadata(f"{name} is missing or no URL")
    return value


def _optional_url(document: Mapping[str, object], name: str) -> str | None:
    return None if document.get(name) is None else url_of(document, name)


def _words(document: Mapping[str, object], name: str) -> frozenset[str]:
    value = document.get(name)
    return frozenset(word for word in value if isinstance(word, str)) if isinstance(value, list) else frozenset()
