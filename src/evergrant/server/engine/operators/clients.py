"""Registers, changes and removes clients."""

from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from evergrant.core.changes import endings_of_client
from evergrant.core.credential import client_secret, client_secret_digest
from evergrant.core.facts import AuthMethod, Client, EventKind, Revocation
from evergrant.core.policy import (
    EpochEvent,
    Overrides,
    PolicyError,
    PolicyValue,
    Profile,
    check_overrides,
    effective,
)
from evergrant.core.ports.ledger import RevokeAll, Superseded, Taken
from evergrant.core.ports.store import RealmStore
from evergrant.core.ports.world import Clock, Random
from evergrant.core.reasons import Reason
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import ClientId, Millis
from evergrant.server.call import Call
from evergrant.server.engine.endings import revoke_all, revoke_client
from evergrant.server.engine.operators import client_rules as rules
from evergrant.server.engine.operators.refusals import ATTEMPTS, AlreadyExists, Contested, Invalid, NotFound, bad_policy

_SECRET_SIZE: Final = 32
_ID_SIZE: Final = 12
_FIRST_REVISION: Final = 1


@dataclass(frozen=True, slots=True)
class NewClient:
    """What an operator asks for. `id` None: one is made; `auth_method` None: Basic, or none for a public client."""

    id: str | None = None
    name: str | None = None
    public: bool = False
    auth_method: AuthMethod | None = None
    strict_auth: bool = False
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    scope: str = ""
    audiences: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    profile: Profile = Profile.OAUTH21
    policy: Mapping[str, PolicyValue] = field(default_factory=dict)
    require_pkce: bool = True
    first_party: bool = False
    id_token_alg: Literal["RS256", "ES256"] = "RS256"


@dataclass(frozen=True, slots=True)
class ClientUpdate:
    """None: stays as it is. In `policy`, each setting that is given; None there: back to the default."""

    name: str | None = None
    auth_method: AuthMethod | None = None
    strict_auth: bool | None = None
    grant_types: tuple[str, ...] | None = None
    redirect_uris: tuple[str, ...] | None = None
    post_logout_redirect_uris: tuple[str, ...] | None = None
    allowed_origins: tuple[str, ...] | None = None
    scope: str | None = None
    audiences: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None
    profile: Profile | None = None
    policy: Mapping[str, PolicyValue | None] = field(default_factory=dict)
    require_pkce: bool | None = None
    first_party: bool | None = None
    id_token_alg: Literal["RS256", "ES256"] | None = None


@dataclass(frozen=True, slots=True)
class ClientChanged:
    """`secret` is there if one was made, and can be had only now. `grants_ended`: by this change."""

    client: Client
    secret: Secret | None = None
    grants_ended: int = 0


class Clients:
    """The clients of one realm. Methods raise OperatorError or StoreUnavailable; then nothing was written."""

    def __init__(self, store: RealmStore, clock: Clock, random: Random, grant_types: Collection[str]) -> None:
        """`grant_types`: the names of those that the server has."""
        self._store = store
        self._clock = clock
        self._random = random
        self._grant_types = frozenset(grant_types)

    async def create(self, call: Call, wanted: NewClient) -> ClientChanged:
        """Raises Invalid, AlreadyExists."""
        secret = None if wanted.public else self._new_secret()
        client = self._draft(wanted, secret)
        rules.check_id(client.id)
        await self._check(client, client.audiences)
        detail = {"change": "created", "profile": client.profile}
        event = call.event(EventKind.CLIENT_CHANGED, client.created_at, client_id=client.id, detail=detail)
        if isinstance(await self._store.add_client(client, events=(event,)), Taken):
            raise AlreadyExists(
                f"There is a client {client.id!r} already.",
                "Choose another id, or change it with `evergrant client update`.",
            )
        return ClientChanged(client, secret)

    async def list(self) -> tuple[Client, ...]:
        """All clients, by id."""
        return await self._store.clients()

    async def show(self, client_id: str) -> Client:
        """Raises NotFound."""
        client = await self._store.client(ClientId(client_id))
        if client is None:
            raise NotFound(f"There is no client {client_id!r}.", "`evergrant client list` shows those that are there.")
        return client

    async def update(self, call: Call, client_id: str, wanted: ClientUpdate) -> ClientChanged:
        """Raises NotFound, Invalid, Contested. Grants stay; what the client lost is missing at their next refresh."""

        async def change(client: Client) -> Client:
            changed = _updated(client, wanted)
            await self._check(changed, set(changed.audiences) - set(client.audiences))
            return changed

        return await self._save(call, client_id, change, "updated", None)

    async def disable(self, call: Call, client_id: str) -> ClientChanged:
        """It is refused everywhere from now on; its grants end as `on_disable` says. Raises NotFound, Contested."""

        async def change(client: Client) -> Client:
            return client if client.disabled else _moved(client, EpochEvent.DISABLE, disabled=True)

        return await self._save(call, client_id, change, "disabled", Reason.CLIENT_DISABLED)

    async def enable(self, call: Call, client_id: str) -> ClientChanged:
        """Raises NotFound, Contested. Grants that ended stay ended."""

        async def change(client: Client) -> Client:
            return replace(client, disabled=False)

        return await self._save(call, client_id, change, "enabled", None)

    async def rotate_secret(self, call: Call, client_id: str) -> ClientChanged:
        """A new secret; the old one is refused from now on. Raises NotFound, Invalid, Contested."""
        secret = self._new_secret()

        async def change(client: Client) -> Client:
            if client.public:
                raise Invalid(f"The client {client_id!r} is public and has no secret.", "There is nothing to rotate.")
            moved = _moved(client, EpochEvent.SECRET_ROTATION, disabled=client.disabled)
            return replace(moved, secret_digest=client_secret_digest(secret))

        changed = await self._save(call, client_id, change, "secret rotated", Reason.SECRET_ROTATED)
        return replace(changed, secret=secret)

    async def delete(self, call: Call, client_id: str) -> int:
        """Client, its consents and its grants; how many grants ended. Raises NotFound."""
        client, now = await self.show(client_id), self._clock()
        event = call.event(
            EventKind.CLIENT_CHANGED,
            now,
            client_id=client.id,
            reason=Reason.CLIENT_DELETED,
            detail={"change": "deleted"},
        )
        ending = revoke_client(client.id, now, Reason.CLIENT_DELETED)
        gone = await self._store.delete_client(client.id, revoke=ending, events=(event,))
        return 0 if isinstance(gone, Superseded) else gone.revoked

    def _new_secret(self) -> Secret:
        return client_secret(self._random(_SECRET_SIZE))

    def _draft(self, wanted: NewClient, secret: Secret | None) -> Client:
        made = wanted.id or "c_" + urlsafe_b64encode(self._random(_ID_SIZE)).decode("ascii")
        return Client(
            id=ClientId(made),
            name=made if wanted.name is None else wanted.name,
            public=wanted.public,
            secret_digest=None if secret is None else client_secret_digest(secret),
            auth_method=wanted.auth_method or ("none" if wanted.public else "client_secret_basic"),
            strict_auth=wanted.strict_auth,
            grant_types=frozenset(wanted.grant_types),
            redirect_uris=_distinct(wanted.redirect_uris),
            post_logout_redirect_uris=_distinct(wanted.post_logout_redirect_uris),
            allowed_origins=_distinct(wanted.allowed_origins),
            scope=rules.read_scope(wanted.scope),
            audiences=_distinct(wanted.audiences),
            roles=_distinct(wanted.roles),
            profile=wanted.profile,
            policy=_policy({}, wanted.policy),
            require_pkce=wanted.require_pkce,
            first_party=wanted.first_party,
            id_token_alg=wanted.id_token_alg,
            disabled=False,
            epoch=0,
            epoch_event=EpochEvent.NONE,
            created_at=self._clock(),
            revision=_FIRST_REVISION,
        )

    async def _check(self, client: Client, audiences: Collection[str]) -> None:
        rules.check(client, self._grant_types)
        if audiences:
            rules.check_audiences(audiences, {resource.identifier for resource in await self._store.resources()})

    async def _save(
        self,
        call: Call,
        client_id: str,
        change: Callable[[Client], Awaitable[Client]],
        what: str,
        reason: Reason | None,
    ) -> ClientChanged:
        """Read, change, save on condition; again if somebody else was first. A change that changes nothing is none."""
        for _ in range(ATTEMPTS):
            before = await self.show(client_id)
            client = await change(before)
            if client == before:
                return ClientChanged(client)
            now = self._clock()
            detail = {"change": what, "fields": " ".join(_differing(before, client))}
            event = call.event(EventKind.CLIENT_CHANGED, now, client_id=client.id, reason=reason, detail=detail)
            ending = None if reason is None else await self._ending(client, now, reason)
            saved = await self._store.save_client(client, revoke=ending, events=(event,))
            if not isinstance(saved, Superseded):
                return ClientChanged(replace(client, revision=client.revision + 1), grants_ended=saved.revoked)
        raise Contested(f"The client {client_id!r}")

    async def _ending(self, client: Client, now: Millis, reason: Reason) -> RevokeAll | None:
        policy = effective(client.profile, (await self._store.realm()).policy, client.policy)
        ended = endings_of_client(client.epoch_event, client.id, policy)
        return revoke_all(ended, Revocation(now, "operator", reason))


def _updated(client: Client, wanted: ClientUpdate) -> Client:
    """Field by field, so that the type checker sees each of them."""

    def texts(given: tuple[str, ...] | None, present: tuple[str, ...]) -> tuple[str, ...]:
        return present if given is None else _distinct(given)

    return replace(
        client,
        name=client.name if wanted.name is None else wanted.name,
        auth_method=wanted.auth_method or client.auth_method,
        strict_auth=client.strict_auth if wanted.strict_auth is None else wanted.strict_auth,
        grant_types=client.grant_types if wanted.grant_types is None else frozenset(wanted.grant_types),
        redirect_uris=texts(wanted.redirect_uris, client.redirect_uris),
        post_logout_redirect_uris=texts(wanted.post_logout_redirect_uris, client.post_logout_redirect_uris),
        allowed_origins=texts(wanted.allowed_origins, client.allowed_origins),
        scope=client.scope if wanted.scope is None else rules.read_scope(wanted.scope),
        audiences=texts(wanted.audiences, client.audiences),
        roles=texts(wanted.roles, client.roles),
        profile=wanted.profile or client.profile,
        policy=_policy(client.policy, wanted.policy),
        require_pkce=client.require_pkce if wanted.require_pkce is None else wanted.require_pkce,
        first_party=client.first_party if wanted.first_party is None else wanted.first_party,
        id_token_alg=wanted.id_token_alg or client.id_token_alg,
    )


def _policy(present: Overrides, wanted: Mapping[str, PolicyValue | None]) -> Overrides:
    """Raises Invalid."""
    kept = {name: value for name, value in {**present, **wanted}.items() if value is not None}
    try:
        return check_overrides(kept)
    except PolicyError as error:
        raise bad_policy(error) from error


def _moved(client: Client, event: EpochEvent, *, disabled: bool) -> Client:
    """The epoch moves whatever the policy is: a grant that was opened in the same moment is still seen (row 7)."""
    return replace(client, disabled=disabled, epoch=client.epoch + 1, epoch_event=event)


def _distinct(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _differing(before: Client, after: Client) -> list[str]:
    """Names of the fields that differ, for the event; never their values."""
    names = (name for name in Client.__dataclass_fields__ if name not in ("epoch", "epoch_event", "revision"))
    return [name for name in names if getattr(before, name) != getattr(after, name)]
