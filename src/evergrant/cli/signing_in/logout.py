"""`evergrant logout`: ends a session, at the issuer and here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer

from evergrant.cli.answers import Answer, note
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
    from evergrant.cli.signing_in.choosing import Chosen

_LOCK_S: Final = 10.0


def add(app: typer.Typer) -> None:
    """Register the command."""
    command(app, "logout")(logout)


def logout(
    desk: Desk,
    issuer: IssuerOption = None,
    client_id: ClientIdOption = None,
    client_secret: SecretOption = None,
    name: NameOption = None,
    vault: VaultOption = None,
    ca_file: CaFileOption = None,
) -> Answer:
    """End a session at the issuer, and forget it here. If the issuer cannot be told, it is forgotten all the same."""
    from evergrant.cli.signing_in.choosing import Given, choose

    chosen = choose(desk, Given(issuer, client_id, client_secret, name, vault, ca_file))
    at = f"{chosen.login.issuer} as client {chosen.login.client_id}"
    if chosen.held() is None:
        return note({"signed_in": False, "revoked": False, "logout_url": None}, f"Nobody is signed in at {at}.")
    revoked, told, logout_url = _end(desk, chosen)
    lines = [f"Signed out of {at}.", told]
    if logout_url is not None:
        lines += ["The browser may still be signed in there. To sign it out as well, open", logout_url]
    answer = note({"signed_in": False, "revoked": revoked, "logout_url": logout_url}, *lines)
    # A script must be able to learn that the session lives on.
    return Answer(answer.data, answer.show, exit_code=0 if revoked else 1)


def _end(desk: Desk, chosen: Chosen) -> tuple[bool, str, str | None]:
    """Whether it has ended at the issuer too, a sentence about that, and where a browser signs out."""
    from evergrant.client import ClientError, NotOffered, VaultError

    try:
        client = chosen.client(desk)
        client.session(chosen.vault, chosen.login.name).revoke()
    except VaultError:
        raise
    except ClientError as problem:
        with chosen.vault.locked(chosen.key, _LOCK_S) as drawer:
            drawer.clear()
        return False, f"The issuer could not be told, so that the session may live on there: {problem}", None
    try:
        logout_url = client.logout_url()
    except NotOffered:
        logout_url = None
    if client.issuer.provider.revocation_endpoint is None:
        return False, "The issuer offers no revocation: the session lives on there until it expires.", logout_url
    return True, "The session has ended at the issuer, too.", logout_url
