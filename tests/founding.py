"""A realm as an operator would found it: two APIs, five clients, two users, and signing keys."""

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from evergrant.app.engines import Base
from evergrant.app.settings import Settings
from evergrant.core.credential import MasterKeys
from evergrant.core.facts import Caller, Realm, StoredKey
from evergrant.core.grants import GRANT_TYPES
from evergrant.core.key_schedule import ALGORITHMS
from evergrant.core.policy import PolicyValue, Profile
from evergrant.core.ports.ledger import Done
from evergrant.core.ports.store import Store
from evergrant.core.ports.world import Clock, Random
from evergrant.jose.keys import SigningKey, generate
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import CorrelationId, Millis
from evergrant.server.call import Call
from evergrant.server.engine.operators.clients import Clients, NewClient
from evergrant.server.engine.operators.realms import Realms
from evergrant.server.engine.operators.resources import NewResource, Resources
from evergrant.server.engine.operators.subjects import NewSubject, Subjects
from evergrant.server.engine.passwords import Passwords
from evergrant.server.keyring import seal_private
from evergrant.server.log import open_log
from evergrant.testing.chance import Chance

MASTER_KEYS: Final = {1: b"1" * 32, 2: b"2" * 32}
MASTERS: Final = MasterKeys(MASTER_KEYS)
ISSUER: Final = "https://as.example"
API: Final = "https://api.example"
PHOTOS: Final = "https://photos.example"
REDIRECT_URI: Final = "https://web.example/callback"
PASSWORD: Final = Secret("correct horse battery staple")
SCOPE: Final = "openid offline_access profile a b c photos"
CODE_AND_REFRESH: Final = ("authorization_code", "refresh_token")


def _client(id: str, *, public: bool, grant_types: tuple[str, ...] = CODE_AND_REFRESH) -> NewClient:
    return NewClient(
        id=id,
        public=public,
        grant_types=grant_types,
        redirect_uris=(REDIRECT_URI,) if "authorization_code" in grant_types else (),
        scope=SCOPE,
        audiences=(API, PHOTOS),
        profile=Profile.LEGACY if "password" in grant_types else Profile.OAUTH21,
        first_party=True,
        id_token_alg="ES256",
    )


CLIENTS: Final = (
    _client("web", public=True),
    _client("other", public=True),
    _client("service", public=False, grant_types=(*CODE_AND_REFRESH, "client_credentials")),
    _client("legacy", public=False, grant_types=("password", "refresh_token")),
)
GATEWAY: Final = NewClient(id="gateway", grant_types=("client_credentials",))
"""Stands before the API, and introspects what is shown to it."""

USERS: Final = ("ada", "ben")
RESOURCES: Final = (
    NewResource(API, scopes={"a": "First", "b": "Second", "c": "Third"}, introspection_client="gateway"),
    NewResource(PHOTOS, scopes={"photos": "See your photos"}),
)


@dataclass(frozen=True, slots=True)
class Operator:
    """The engines that the command line uses, on one realm."""

    call: Call
    realms: Realms
    clients: Clients
    subjects: Subjects
    resources: Resources


@dataclass(frozen=True, slots=True)
class Founded:
    """A new realm and the secrets of its confidential clients, by client id."""

    realm: Realm
    secrets: dict[str, Secret]


def base_on(store: Store, clock: Clock, random: Random) -> Base:
    """What the server's wiring starts from, on a store that is already open."""
    settings = Settings(
        development=False,
        data_dir=Path("nowhere"),
        issuer=ISSUER,
        database_url=Secret("memory://"),
        masters=MASTERS,
    )
    return Base(settings, store, MASTERS, open_log("json", "debug", clock, io.StringIO()), clock, random)


def operator_of(base: Base, realm: Realm, issuer: str) -> Operator:
    """Works beside a running server, as the command line does. Every password costs one hash, ever."""
    store = base.store.realm_store(realm.id)
    return Operator(
        call=Call(CorrelationId("operator"), Caller("evergrant command line"), base.clock()),
        realms=Realms(base.store, base.clock),
        clients=Clients(store, base.clock, base.random, GRANT_TYPES),
        subjects=Subjects(store, base.clock, base.random, _hash),
        resources=Resources(store, base.clock, issuer),
    )


async def found(base: Base, name: str, issuer: str, policy: dict[str, PolicyValue]) -> Founded:
    """Create the realm with all that is in it. `ada` and `ben` are its users."""
    call = Call(CorrelationId("founding"), Caller(), base.clock())
    realm = await Realms(base.store, base.clock).create(call, name, policy)
    operator = operator_of(base, realm, issuer)
    secrets = await _register(operator, GATEWAY)
    for resource in RESOURCES:
        await operator.resources.create(call, resource)
    secrets |= await _register(operator, *CLIENTS)
    for username in USERS:
        person = NewSubject(username, PASSWORD, roles=("reader",), claims={"name": username.title()})
        await operator.subjects.create(call, person)
    await _install_keys(base, realm)
    return Founded(realm, secrets)


async def _register(operator: Operator, *wanted: NewClient) -> dict[str, Secret]:
    made = [await operator.clients.create(operator.call, client) for client in wanted]
    return {changed.client.id: changed.secret for changed in made if changed.secret is not None}


async def _install_keys(base: Base, realm: Realm) -> None:
    store, now = base.store.realm_store(realm.id), base.clock()
    keys = [
        StoredKey(
            kid=key.kid,
            alg=key.alg,
            public_jwk=key.public().jwk(),
            sealed_private=seal_private(key, realm.id, MASTERS, base.random),
            master_key_id=MASTERS.current,
            created_at=now,
            active_from=Millis(0),  # tests set clocks back
            retires_at=None,
            removed_at=None,
        )
        for key in _signing_keys()
    ]
    assert isinstance(await store.save_keys(keys, version=(await store.realm()).version, events=()), Done)


@cache
def _signing_keys() -> tuple[SigningKey, ...]:
    """Made once: an RSA key takes longer than a test."""
    return tuple(generate(alg) for alg in ALGORITHMS)


@cache
def _hash(password: Secret) -> str:
    return Passwords(Chance()).hash_at_once(password)
