"""Registers what a program needs, unless it is there: the API, and clients that may ask for tokens for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from evergrant.app.demo import LOOPBACK_URIS
from evergrant.app.office import Office
from evergrant.cli.failures import Failure
from evergrant.cli.quickstart.programs import Program
from evergrant.core.facts import Client
from evergrant.protocol.secret import Secret
from evergrant.server.engine.operators.clients import ClientUpdate, NewClient
from evergrant.server.engine.operators.refusals import NotFound
from evergrant.server.engine.operators.resources import NewResource

SCOPES: Final[Mapping[str, str]] = {"notes:read": "Read your notes", "notes:write": "Change your notes"}
TERMINAL: Final = "notes-cli"

_FOR_PEOPLE: Final = ("openid", "profile", "offline_access", *SCOPES)


@dataclass(frozen=True, slots=True)
class Registered:
    """`told` are sentences about what was done; `client_id` and `secret` are for the program, if it has any."""

    told: tuple[str, ...]
    client_id: str | None = None
    secret: Secret | None = field(default=None, repr=False)


async def register(
    office: Office, program: Program, audience: str, port: int | None, client_id: str | None
) -> Registered:
    """Twice does what once does, but for secrets: they are known only once, so a new one is made.

    Raises OperatorError; Failure if something else has the name.
    """
    told = [await _api(office, audience)]
    if program.is_api:
        # Whoever has an API wants a token to try it with.
        told.append((await _client(office, _terminal(TERMINAL, audience)))[0])
    wanted = _own_client(program.name, audience, f"http://localhost:{port}", client_id)
    if wanted is None:
        return Registered(tuple(told))
    sentence, secret = await _client(office, wanted)
    return Registered((*told, sentence), wanted.id, secret)


def _own_client(name: str, audience: str, here: str, client_id: str | None) -> NewClient | None:
    match name:
        case "fastapi":
            return NewClient(
                id=client_id or "notes-docs",
                name="Documentation of the notes",
                public=True,
                redirect_uris=(f"{here}/docs/oauth2-redirect",),
                allowed_origins=(here,),
                scope=" ".join(("openid", *SCOPES)),
                audiences=(audience,),
            )
        case "web":
            return NewClient(
                id=client_id or "notes-web",
                name="Notes",
                redirect_uris=(f"{here}/signed-in",),
                post_logout_redirect_uris=(f"{here}/",),
                scope=" ".join(_FOR_PEOPLE),
                audiences=(audience,),
            )
        case "cli":
            return _terminal(client_id or TERMINAL, audience)
        case "service":
            return NewClient(
                id=client_id or "notes-service",
                name="Service of the notes",
                grant_types=("client_credentials",),
                scope=" ".join(SCOPES),
                audiences=(audience,),
            )
        case _:
            return None


def _terminal(client_id: str, audience: str) -> NewClient:
    return NewClient(
        id=client_id,
        name="Notes in the terminal",
        public=True,
        redirect_uris=LOOPBACK_URIS,
        scope=" ".join(_FOR_PEOPLE),
        audiences=(audience,),
    )


async def _api(office: Office, audience: str) -> str:
    try:
        found = await office.resources.show(audience)
    except NotFound:
        await office.resources.create(office.call, NewResource(audience, name="Notes", scopes=SCOPES))
        return f"Registered the API {audience} with the scopes {' and '.join(SCOPES)}."
    if not SCOPES.keys() <= found.scopes.keys():
        raise Failure(
            f"the API {audience} is registered, but not with the scopes {' and '.join(SCOPES)}",
            "Choose another --audience, or another --port.",
        )
    return f"The API {audience} is registered already."


async def _client(office: Office, wanted: NewClient) -> tuple[str, Secret | None]:
    """A sentence, and the secret of a confidential one."""
    kind = "public" if wanted.public else "confidential"
    try:
        found = await office.clients.show(wanted.id or "")
    except NotFound:
        made = await office.clients.create(office.call, wanted)
        return f"Registered the {kind} client {wanted.id}.", made.secret
    if found.public != wanted.public or not set(wanted.grant_types) <= found.grant_types:
        raise Failure(
            f"the client {wanted.id} is registered for something else", "Choose another name with --client-id."
        )
    await office.clients.update(office.call, found.id, _widened(found, wanted))
    if wanted.public:
        return f"The {kind} client {wanted.id} is registered already.", None
    changed = await office.clients.rotate_secret(office.call, found.id)
    return f"Gave the client {wanted.id} a new secret: the old one cannot be shown again.", changed.secret


def _widened(found: Client, wanted: NewClient) -> ClientUpdate:
    """What it has stays: a program on another port is another one, and both are to work."""
    return ClientUpdate(
        redirect_uris=(*found.redirect_uris, *wanted.redirect_uris),
        post_logout_redirect_uris=(*found.post_logout_redirect_uris, *wanted.post_logout_redirect_uris),
        allowed_origins=(*found.allowed_origins, *wanted.allowed_origins),
        audiences=(*found.audiences, *wanted.audiences),
        scope=" ".join(dict.fromkeys((*found.scope.tokens, *wanted.scope.split()))),
    )
