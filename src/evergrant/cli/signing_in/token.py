"""`evergrant token`: prints an access token that works."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

import typer

from evergrant.cli.answers import Answer, note
from evergrant.cli.command import command
from evergrant.cli.desk import Desk
from evergrant.cli.failures import Failure
from evergrant.cli.signing_in.options import (
    CaFileOption,
    ClientIdOption,
    IssuerOption,
    NameOption,
    SecretOption,
    VaultOption,
)

if TYPE_CHECKING:
    from evergrant.cli.signing_in.choosing import Chosen
    from evergrant.client import IssuerUnavailable, SignInRequired, TokenSet
    from evergrant.core.facts import JsonValue


def add(app: typer.Typer) -> None:
    """Register the command."""
    command(app, "token")(token)


def token(
    desk: Desk,
    issuer: IssuerOption = None,
    client_id: ClientIdOption = None,
    client_secret: SecretOption = None,
    name: NameOption = None,
    vault: VaultOption = None,
    ca_file: CaFileOption = None,
) -> Answer:
    """Print an access token of the session that `evergrant login` began, renewed if it has to be.

    For scripts: curl -H "Authorization: Bearer $(evergrant token)" https://api.example.com. However many run at once,
    one of them renews.
    """
    from evergrant.cli.signing_in.choosing import Given, choose
    from evergrant.client import IssuerUnavailable, SignInRequired

    chosen = choose(desk, Given(issuer, client_id, client_secret, name, vault, ca_file))
    try:
        tokens = _tokens(desk, chosen)
    except SignInRequired as problem:
        raise _sign_in(problem, chosen) from None
    except IssuerUnavailable as problem:
        raise _later(problem) from None
    data: JsonValue = {
        "access_token": tokens.access_token.reveal(),
        "token_type": tokens.token_type,
        "expires_at": tokens.expires_at,
        "scope": tokens.scope,
        "issuer": tokens.issuer,
        "subject": tokens.subject,
    }
    return note(data, tokens.access_token.reveal())


def _tokens(desk: Desk, chosen: Chosen) -> TokenSet:
    """Without asking the issuer anything, if there is nothing to ask it for."""
    from evergrant.client import IssuerUnavailable, SignInReason, SignInRequired
    from evergrant.client.keeper import due
    from evergrant.client.system import clock

    held, now = chosen.held(), clock()
    if held is None:
        raise SignInRequired(SignInReason.NO_SESSION)
    if held.ended is not None:
        raise SignInRequired(SignInReason.ENDED)
    if now < due(held, jitter=1.0):
        return held
    try:
        return chosen.client(desk).session(chosen.vault, chosen.login.name).tokens()
    except IssuerUnavailable:
        if held.expires_at is not None and clock() < held.expires_at:
            return held
        raise


def _sign_in(problem: SignInRequired, chosen: Chosen) -> Failure:
    from evergrant.client import SignInReason

    at = f"at {chosen.login.issuer} as client {chosen.login.client_id}"
    match problem.reason:
        case SignInReason.NO_SESSION:
            said = f"nobody is signed in {at}"
        case SignInReason.NO_REFRESH_TOKEN:
            said = f"the session {at} has expired, and cannot be renewed: the issuer gave no refresh token"
        case SignInReason.ENDED:
            said = f"the session {at} has ended"
        case _:
            assert_never(problem.reason)
    if problem.correlation_id:
        said += f" (the issuer's operator can look up {problem.correlation_id})"
    return Failure(said, "Sign in again: run `evergrant login`, with the same options if you gave any here.")


def _later(problem: IssuerUnavailable) -> Failure:
    when = f"in {problem.retry_after_s:.0f} s" if problem.retry_after_s else "later"
    return Failure(problem.why, f"The session is kept. Try again {when}.")
