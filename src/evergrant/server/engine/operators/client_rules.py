"""What a registered client must be. Pure; every refusal says what to do instead."""

import re
from collections.abc import Collection, Iterable
from typing import Final
from urllib.parse import urlsplit

from evergrant.core.facts import Client
from evergrant.core.policy import Profile
from evergrant.protocol.errors import InvalidScope
from evergrant.protocol.redirects import BadRedirectUri, check_registrable, origin
from evergrant.protocol.scope import Scope
from evergrant.server.engine.operators.refusals import Invalid

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SUBJECT_PREFIX: Final = "u_"
_MOST_CHARACTERS: Final = 200
_MOST_ENTRIES: Final = 100
_NEEDS_A_FIRST_TOKEN: Final = frozenset({"authorization_code", "password"})


def check_id(client_id: str) -> None:
    """Raises Invalid. A `sub` of client credentials must never look like a user's (S-015)."""
    if _ID.fullmatch(client_id) is None:
        raise Invalid(
            f"The client id {client_id!r} has a character that is not allowed, or not 1 to 64 of them.",
            "Use letters, digits, dots, underscores and hyphens, or leave it out to have one made.",
        )
    if client_id.startswith(_SUBJECT_PREFIX):
        raise Invalid(
            f"A client id must not begin with {_SUBJECT_PREFIX}: that is how users' identifiers begin.",
            "Choose another one.",
        )


def read_scope(text: str) -> Scope:
    """Raises Invalid."""
    try:
        return Scope.parse(text)
    except InvalidScope as error:
        raise Invalid(
            str(error.description), "Separate scopes by spaces; quotes and backslashes are not allowed."
        ) from error


def check(client: Client, grant_types: Collection[str]) -> None:
    """Raises Invalid unless the client is whole and harmless. `grant_types` are those that the server has."""
    _check_texts("name", [client.name])
    _check_texts("role", client.roles)
    _check_grants(client, grant_types)
    _check_profile(client)
    _check_authentication(client)
    _check_uris(client)
    for allowed in client.allowed_origins:
        _check_origin(allowed)


def check_audiences(audiences: Iterable[str], registered: Collection[str]) -> None:
    """Raises Invalid for one that is no registered resource."""
    for audience in audiences:
        if audience not in registered:
            raise Invalid(
                f"There is no resource {audience!r}.",
                "Register it first with `evergrant resource create`, or leave the audience out.",
            )


def _check_grants(client: Client, grant_types: Collection[str]) -> None:
    unknown = sorted(set(client.grant_types) - set(grant_types))
    if unknown:
        raise Invalid(f"There is no grant type {unknown[0]!r}.", f"There are {', '.join(sorted(grant_types))}.")
    if not client.grant_types:
        raise Invalid("A client needs a grant type.", f"There are {', '.join(sorted(grant_types))}.")
    if "refresh_token" in client.grant_types and _NEEDS_A_FIRST_TOKEN.isdisjoint(client.grant_types):
        raise Invalid("refresh_token alone has nothing to refresh.", "Add authorization_code, or leave it out.")
    if "client_credentials" in client.grant_types and client.public:
        raise Invalid(
            "A public client has no credentials to show (RFC 6749 §4.4).",
            "Leave client_credentials out, or make the client confidential.",
        )


def _check_profile(client: Client) -> None:
    if "password" in client.grant_types and client.profile is not Profile.LEGACY:
        raise Invalid(
            "The password grant shows the client people's passwords, and OAuth 2.1 removed it.",
            "Use authorization_code; for an old program that cannot, set the profile to legacy.",
        )
    if client.profile is Profile.FAPI2 and client.public:
        raise Invalid("A public client cannot follow the fapi2 profile.", "Make it confidential, or choose oauth21.")


def _check_authentication(client: Client) -> None:
    if client.public != (client.auth_method == "none") or client.public != (client.secret_digest is None):
        raise Invalid(
            "A public client has no secret and the method none; a confidential one has both.",
            "Use client_secret_basic or client_secret_post for a confidential client, none for a public one.",
        )
    if client.public and not client.require_pkce:
        raise Invalid("A public client needs PKCE: nothing else protects its codes.", "Leave PKCE on.")


def _check_uris(client: Client) -> None:
    if "authorization_code" in client.grant_types and not client.redirect_uris:
        raise Invalid("authorization_code needs a redirect URI to send the code to.", "Give at least one.")
    if "authorization_code" not in client.grant_types and client.redirect_uris:
        raise Invalid("Only authorization_code uses a redirect URI.", "Leave it out, or add authorization_code.")
    if len(client.redirect_uris) + len(client.post_logout_redirect_uris) > _MOST_ENTRIES:
        raise Invalid("That are too many URIs.", f"Register at most {_MOST_ENTRIES}.")
    for uri in (*client.redirect_uris, *client.post_logout_redirect_uris):
        try:
            check_registrable(uri, kind="native" if client.public else "web")
        except BadRedirectUri as error:
            raise Invalid(f"{uri!r}: {error.problem}", error.remedy) from error


def _check_origin(allowed: str) -> None:
    """An origin is scheme, host and port (RFC 6454 §6.2); a browser compares it to the letter."""
    try:
        check_registrable(allowed, kind="web")
        canonical = origin(allowed) if not urlsplit(allowed).path else None
    except (BadRedirectUri, ValueError):
        canonical = None
    if canonical != allowed:
        raise Invalid(
            f"{allowed!r} is no origin.",
            "Write scheme, host and port only, as https://app.example or http://localhost:3000.",
        )


def _check_texts(what: str, texts: Collection[str]) -> None:
    if len(texts) > _MOST_ENTRIES:
        raise Invalid(f"That are too many {what}s.", f"Give at most {_MOST_ENTRIES}.")
    for text in texts:
        if not 0 < len(text) <= _MOST_CHARACTERS or not text.isprintable() or text != text.strip():
            raise Invalid(
                f"{text!r} cannot be a {what}.",
                f"Use 1 to {_MOST_CHARACTERS} printable characters without spaces at either end.",
            )
