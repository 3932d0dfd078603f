"""Registers and removes APIs. RFC 8707."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from evergrant.core.facts import EventKind, Resource
from evergrant.core.ports.ledger import Superseded, Taken
from evergrant.core.ports.store import RealmStore
from evergrant.core.ports.world import Clock
from evergrant.protocol.errors import InvalidScope
from evergrant.protocol.oidc_scopes import OIDC_SCOPES
from evergrant.protocol.scope import Scope
from evergrant.protocol.values import ClientId
from evergrant.server.call import Call
from evergrant.server.engine.operators.refusals import AlreadyExists, Invalid, NotFound

MOST_CHARACTERS: Final = 2000
MOST_DESCRIPTION: Final = 300
_MOST_NAME: Final = 200
# RFC 3986 §2; a space or a control character would end up in a header or a page.
_URI_CHARACTERS: Final = re.compile(r"(?:[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")


@dataclass(frozen=True, slots=True)
class NewResource:
    """What an operator asks for. `scopes`: each with the sentence that consent shows. Lifetime in milliseconds."""

    identifier: str
    name: str | None = None
    scopes: Mapping[str, str] = field(default_factory=dict)
    access_token_lifetime: int | None = None
    introspection_client: str | None = None


class Resources:
    """The APIs of one realm. Methods raise OperatorError or StoreUnavailable; then nothing was written."""

    def __init__(self, store: RealmStore, clock: Clock, issuer: str) -> None:
        self._store = store
        self._clock = clock
        self._issuer = issuer

    async def create(self, call: Call, wanted: NewResource) -> Resource:
        """Raises Invalid, AlreadyExists."""
        self._check(wanted)
        _check_scopes(wanted.scopes, await self._store.resources())
        introspects = await self._introspection_client(wanted.introspection_client)
        resource = Resource(
            identifier=wanted.identifier,
            name=wanted.identifier if wanted.name is None else wanted.name,
            scopes=dict(wanted.scopes),
            access_token_lifetime=wanted.access_token_lifetime,
            introspection_client=introspects,
            created_at=self._clock(),
        )
        detail = {"change": "created", "resource": resource.identifier}
        event = call.event(EventKind.RESOURCE_CHANGED, resource.created_at, detail=detail)
        if isinstance(await self._store.add_resource(resource, events=(event,)), Taken):
            raise AlreadyExists(f"There is a resource {wanted.identifier!r} already.", "Delete it first to change it.")
        return resource

    async def list(self) -> tuple[Resource, ...]:
        """All resources, by identifier."""
        return await self._store.resources()

    async def show(self, identifier: str) -> Resource:
        """Raises NotFound."""
        found = {resource.identifier: resource for resource in await self._store.resources()}.get(identifier)
        if found is None:
            raise NotFound(
                f"There is no resource {identifier!r}.", "`evergrant resource list` shows those that are there."
            )
        return found

    async def delete(self, call: Call, identifier: str) -> None:
        """No new token is issued for it; those that were live until they expire. Raises NotFound."""
        await self.show(identifier)
        detail = {"change": "deleted", "resource": identifier}
        event = call.event(EventKind.RESOURCE_CHANGED, self._clock(), detail=detail)
        if isinstance(await self._store.delete_resource(identifier, events=(event,)), Superseded):
            raise NotFound(f"There is no resource {identifier!r} any more.", "Somebody else deleted it just now.")

    def _check(self, wanted: NewResource) -> None:
        _check_identifier(wanted.identifier)
        if wanted.identifier == self._issuer:
            raise Invalid(
                "The issuer is an audience of its own: tokens for no resource in particular.",
                "Give the API an identifier that differs from the issuer's URL.",
            )
        if wanted.name is not None:
            _check_sentence("name", wanted.name, _MOST_NAME)
        lifetime = wanted.access_token_lifetime
        if lifetime is not None and lifetime < 1000:
            raise Invalid("An access token must live for a second at least.", "Give a longer lifetime, such as 15m.")

    async def _introspection_client(self, client_id: str | None) -> ClientId | None:
        if client_id is None:
            return None
        client = await self._store.client(ClientId(client_id))
        if client is None:
            raise Invalid(f"There is no client {client_id!r}.", "Register it first with `evergrant client create`.")
        if client.public:
            raise Invalid(
                f"The client {client_id!r} is public, so anybody could pretend to be it and ask about tokens.",
                "Let a confidential client introspect.",
            )
        return client.id


def _check_identifier(identifier: str) -> None:
    """An absolute URI without a fragment (RFC 8707 §2)."""
    try:
        parts = urlsplit(identifier)
    except ValueError:
        parts = urlsplit("")
    rest = identifier.partition(":")[2].strip("/")
    if (
        not parts.scheme
        or not rest
        or _URI_CHARACTERS.fullmatch(identifier) is None
        or len(identifier) > MOST_CHARACTERS
    ):
        raise Invalid(
            f"{identifier[:MOST_CHARACTERS]!r} is no absolute URI without a fragment (RFC 8707 §2).",
            "Use one such as https://api.example/orders or urn:example:orders.",
        )


def _check_scopes(scopes: Mapping[str, str], others: Sequence[Resource]) -> None:
    try:
        Scope.of(*scopes)
    except InvalidScope as error:
        raise Invalid(str(error.description), "Name scopes without spaces, quotes and backslashes.") from error
    for name, description in scopes.items():
        if name in OIDC_SCOPES:
            raise Invalid(f"{name} is a scope of OpenID Connect.", "Give the API's scope another name.")
        _check_sentence(f"description of {name}", description, MOST_DESCRIPTION)
        for other in others:
            # One word that means two things would be shown at consent as one and used as the other.
            if other.scopes.get(name, description) != description:
                raise Invalid(
                    f"The resource {other.identifier!r} defines the scope {name} as {other.scopes[name]!r}.",
                    "Use the same sentence, or another name.",
                )


def _check_sentence(what: str, text: str, most: int) -> None:
    if not 0 < len(text.strip()) <= most or not text.isprintable():
        raise Invalid(f"The {what} must be 1 to {most} printable characters.", "People read it before they consent.")
