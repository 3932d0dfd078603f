"""Registers clients, users and APIs beside a running server, and looks at the rows of its store."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from typing import Any, Final, TypeVar

from argon2 import PasswordHasher
from sqlalchemy import Connection, create_engine, func, select

from evergrant.app.settings import Settings
from evergrant.core.credential import client_secret, client_secret_digest
from evergrant.core.facts import Client, Grant, JsonValue, Realm, Resource, Subject
from evergrant.core.policy import EpochEvent, PolicyValue, Profile
from evergrant.core.ports.ledger import Done
from evergrant.core.ports.reader import EventFilter, GrantFilter
from evergrant.core.ports.store import RealmStore, Store
from evergrant.protocol.scope import Scope
from evergrant.protocol.values import ClientId, CorrelationId, GrantId, RealmId, SubjectId
from evergrant.store.open import open_store
from evergrant.store.schema import metadata
from evergrant.store.sql.sqlite import driver
from evergrant.testing.chance import Chance
from tests.protocol.movable_clock import MovableClock

T = TypeVar("T")
DEFAULT: Final = RealmId("default")
ALL_GRANTS: Final = frozenset({"authorization_code", "refresh_token", "client_credentials"})
SCOPE: Final = "openid profile email offline_access read write"
CALLBACK: Final = "http://127.0.0.1/callback"

NOTICED_WITHIN: Final = 1_000
"""Milliseconds until a running server knows of a change that was made beside it."""

PASSWORD: Final = "correct horse battery staple"
# The server's own parameters, or it would hash again at every first sign-in.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_number = count(1)
_chance = Chance(20_260)


@dataclass(frozen=True, slots=True)
class Registered:
    """A client, and the secret that its program holds."""

    id: str
    secret: str | None
    redirect_uri: str = CALLBACK
    realm: str = "default"


@dataclass(frozen=True, slots=True)
class User:
    """A person who can sign in."""

    id: str
    username: str
    password: str


class Registry:
    """The store of one server, opened for each look and each change."""

    def __init__(self, settings: Settings, clock: MovableClock) -> None:
        self._url = settings.database_url.reveal()
        self._clock = clock

    def client(
        self,
        *,
        realm: str = "default",
        public: bool = False,
        policy: Mapping[str, PolicyValue] | None = None,
        **more: Any,
    ) -> Registered:
        """Register a client that may do everything but the password grant. `more`: other fields of `Client`."""
        secret = None if public else client_secret(_chance(32))
        number = next(_number)
        more = {
            **more,
            "scope": Scope.parse(more.get("scope", SCOPE)),
            "profile": Profile(more.get("profile", "oauth21")),
        }
        client = Client(
            id=ClientId(f"client-{number}"),
            name=f"Client {number}",
            public=public,
            secret_digest=None if secret is None else client_secret_digest(secret),
            auth_method="none" if public else "client_secret_basic",
            strict_auth=False,
            grant_types=ALL_GRANTS,
            redirect_uris=(CALLBACK,),
            post_logout_redirect_uris=(),
            allowed_origins=(),
            scope=more["scope"],
            audiences=(),
            roles=(),
            profile=more["profile"],
            policy=dict(policy or {}),
            require_pkce=True,
            first_party=False,
            id_token_alg="RS256",
            disabled=False,
            epoch=0,
            epoch_event=EpochEvent.NONE,
            created_at=self._clock(),
            revision=1,
        )
        client = replace(client, **more)
        self.write(lambda store: store.add_client(client, events=()), realm=realm)
        return Registered(client.id, None if secret is None else secret.reveal(), client.redirect_uris[0], realm)

    def user(
        self,
        *,
        realm: str = "default",
        roles: tuple[str, ...] = (),
        claims: Mapping[str, JsonValue] | None = None,
        password: str = PASSWORD,
    ) -> User:
        """Add a person with a password."""
        number = next(_number)
        subject = Subject(
            id=SubjectId(f"u_{_chance(16).hex()[:22]}"),
            username=f"person-{number}",
            roles=roles,
            claims=dict(claims or {}),
            disabled=False,
            epoch=0,
            epoch_event=EpochEvent.NONE,
            created_at=self._clock(),
            revision=1,
        )
        password_hash = hashed(password)
        self.write(lambda store: store.add_subject(subject, password_hash, events=()), realm=realm)
        return User(subject.id, subject.username, password)

    def api(
        self,
        identifier: str,
        scopes: tuple[str, ...],
        *,
        realm: str = "default",
        introspection_client: str | None = None,
        access_token_lifetime: int | None = None,
    ) -> None:
        """Register an API (RFC 8707)."""
        resource = Resource(
            identifier=identifier,
            name=identifier,
            scopes={scope: f"Do {scope}" for scope in scopes},
            access_token_lifetime=access_token_lifetime,
            introspection_client=None if introspection_client is None else ClientId(introspection_client),
            created_at=self._clock(),
        )
        self.write(lambda store: store.add_resource(resource, events=()), realm=realm)
        self._clock.advance(NOTICED_WITHIN)

    def grant(self, gid: str, *, realm: str = "default") -> Grant | None:
        """A grant as it is now."""
        facts = self.ask(lambda store: store.grant(GrantId(bytes.fromhex(gid))), realm=realm)
        return None if facts is None else facts.grant

    def grants_of(self, client: Registered) -> tuple[Grant, ...]:
        """A client's grants, newest first."""
        return self.ask(
            lambda store: store.grants(GrantFilter(client_id=ClientId(client.id)), 1000), realm=client.realm
        )

    def events(self, correlation_id: str, *, realm: str = "default") -> list[tuple[str, str | None]]:
        """Kind and reason of the events that a request caused, oldest first."""
        wanted = EventFilter(correlation_id=CorrelationId(correlation_id))
        found = self.ask(lambda store: store.events(wanted, 100), realm=realm)
        return [(event.kind, event.reason) for event in reversed(found)]

    def realms(self) -> set[str]:
        """The names of all realms."""

        async def names(store: Store) -> set[str]:
            return {realm.name for realm in await store.realms()}

        return self.with_store(names)

    def realm(self, realm: str = "default") -> Realm:
        """The realm as it is now."""
        return self.ask(lambda store: store.realm(), realm=realm)

    def write(self, verb: Callable[[RealmStore], Awaitable[object]], *, realm: str = "default") -> None:
        """Carry out a verb and see that it was done."""
        outcome = self.ask(verb, realm=realm)
        assert outcome == Done() or type(outcome).__name__ == "Saved", outcome

    def ask(self, question: Callable[[RealmStore], Awaitable[T]], *, realm: str = "default") -> T:
        """Ask the store of one realm, by its name."""

        async def answer(store: Store) -> T:
            (found,) = [one for one in await store.realms() if one.name == realm]
            return await question(store.realm_store(found.id))

        return self.with_store(answer)

    def with_store(self, action: Callable[[Store], Awaitable[T]]) -> T:
        """Open the store beside the server, act, and close it."""

        async def run() -> T:
            store = open_store(self._url)
            try:
                return await action(store)
            finally:
                await store.close()

        return asyncio.run(run())

    def count(self, table: str) -> int:
        """How many rows a table has, also the audit trail."""
        with self._connection() as connection:
            return connection.execute(select(func.count()).select_from(metadata.tables[table])).scalar_one()

    def rows(self, *without: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table but the audit trail (and `without`): to compare before and after."""
        with self._connection() as connection:
            return {name: _all(connection, name) for name in metadata.tables if name not in {"events", *without}}

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        module = {"module": driver()} if self._url.startswith("sqlite") else {}
        engine = create_engine(self._url, **module)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()


@cache
def hashed(password: str) -> str:
    """The argon2id hash of a password; the same one each time, because it takes its time."""
    return _HASHER.hash(password)


def _all(connection: Connection, table: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(row) for row in connection.execute(select(metadata.tables[table]))), key=repr)
