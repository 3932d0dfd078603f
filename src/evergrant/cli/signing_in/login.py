"""`evergrant login`: signs in with a browser and keeps the session."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final

import typer

from evergrant.cli.answers import Answer, card
from evergrant.cli.command import command
from evergrant.cli.desk import Desk
from evergrant.cli.signing_in.options import (
    CaFileOption,
    ClientIdOption,
    IssuerOption,
    NameOption,
    SecretOption,
    VaultOption,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evergrant.client import TokenSet
    from evergrant.core.facts import JsonValue

USUAL_SCOPE: Final = ("openid", "profile", "email", "offline_access")


def add(app: typer.Typer) -> None:
    """Register the command."""
    command(app, "login")(login)


def login(
    desk: Desk,
    issuer: IssuerOption = None,
    client_id: ClientIdOption = None,
    client_secret: SecretOption = None,
    scope: Annotated[
        str | None,
        typer.Option(help=f"What to ask for; default: {' '.join(USUAL_SCOPE)}, as far as offered.", show_default=False),
    ] = None,
    resource: Annotated[
        str | None, typer.Option(help="API that the access token is for (RFC 8707).", show_default=False)
    ] = None,
    name: NameOption = None,
    vault: VaultOption = None,
    ca_file: CaFileOption = None,
    open_browser: Annotated[bool, typer.Option(help="Open the browser, or only print the address.")] = True,
) -> Answer:
    """Sign in with a browser, at any issuer, and keep the session for `evergrant token`.

    Without options it is as the last time; the first time it is the development server here.
    """
    from evergrant.cli.address import open_address, print_address
    from evergrant.cli.signing_in.choosing import Given, choose
    from evergrant.cli.signing_in.last_login import remember

    chosen = choose(desk, Given(issuer, client_id, client_secret, name, vault, ca_file))
    # A file that cannot be used is told now, not after somebody has signed in for nothing.
    chosen.held()
    client = chosen.client(desk)
    asked = scope or chosen.login.scope or _usual(client.issuer.provider.scopes_supported)
    target = resource or chosen.login.resource
    signed_in = client.sign_in_in_browser(asked, resource=target, show=open_address if open_browser else print_address)
    client.session(chosen.vault, chosen.login.name).keep(signed_in.tokens)
    remember(chosen.file, replace(chosen.login, scope=scope or chosen.login.scope, resource=target))
    return _told(chosen.login.name, signed_in.tokens, signed_in.claims or {})


def _usual(supported: frozenset[str]) -> str:
    return " ".join(word for word in USUAL_SCOPE if not supported or word in supported)


def _told(name: str, tokens: TokenSet, claims: Mapping[str, object]) -> Answer:
    from evergrant.cli.shapes import moment

    ends_at = tokens.refresh_expires_at if tokens.refresh_token is not None else tokens.expires_at
    who = next((str(claims[it]) for it in ("name", "preferred_username", "email") if it in claims), None)
    lasts = moment(ends_at) or "as long as the issuer lets it; it does not say"
    data: JsonValue = {
        "issuer": tokens.issuer,
        "client_id": tokens.client_id,
        "name": name,
        "subject": tokens.subject,
        "who": who,
        "scope": tokens.scope,
        "access_token_expires_at": tokens.expires_at,
        "session_expires_at": ends_at,
        "renewable": tokens.refresh_token is not None,
    }
    pairs = [
        ("signed in", " · ".join(text for text in (who, tokens.subject) if text)),
        ("issuer", tokens.issuer),
        ("client", tokens.client_id),
        ("session", name),
        ("scope", tokens.scope or ""),
        ("until", lasts),
    ]
    after = "`evergrant token` prints an access token, and renews it when it has to."
    if tokens.refresh_token is None:
        after = "The issuer gave no refresh token: `evergrant token` works until then, and nothing can be renewed."
    return card(data, pairs, after)
