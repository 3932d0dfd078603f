"""Realms, clients, subjects and grants as plain as they can be, to be varied with `replace`."""

from typing import Final

from evergrant.core.facts import Caller, Client, Epochs, Grant, GrantState, Realm, Resource, Subject
from evergrant.core.policy import DAY, EpochEvent, Profile
from evergrant.protocol.scope import Scope
from evergrant.protocol.values import ClientId, CorrelationId, GrantId, Millis, RealmId, SubjectId
from evergrant.server.call import Call
from evergrant.testing.clock import START

ISSUER: Final = "https://login.example"
REALM: Final = RealmId("default")
WEB: Final = ClientId("web")
ADA: Final = SubjectId("u_ada")
ROOT: Final = b"m" * 32
CALL: Final = Call(CorrelationId("c-1"), Caller("evergrant", ""), START)


def a_realm(name: str = "default") -> Realm:
    return Realm(RealmId(name), name, {}, 0, EpochEvent.NONE, START, 1)


def a_client(client_id: str = WEB) -> Client:
    return Client(
        id=ClientId(client_id),
        name=client_id,
        public=True,
        secret_digest=None,
        auth_method="none",
        strict_auth=False,
        grant_types=frozenset({"authorization_code", "refresh_token"}),
        redirect_uris=("https://app.example/cb",),
        post_logout_redirect_uris=(),
        allowed_origins=(),
        scope=Scope.of("openid", "profile", "offline_access"),
        audiences=(),
        roles=(),
        profile=Profile.OAUTH21,
        policy={},
        require_pkce=True,
        first_party=False,
        id_token_alg="RS256",
        disabled=False,
        epoch=0,
        epoch_event=EpochEvent.NONE,
        created_at=START,
        revision=1,
    )


def a_subject(subject: str = ADA, username: str = "ada") -> Subject:
    return Subject(SubjectId(subject), username, (), {}, False, 0, EpochEvent.NONE, START, 1)


def a_resource(identifier: str = "https://api.example", **scopes: str) -> Resource:
    return Resource(identifier, "API", scopes, None, None, START)


def a_grant(number: int = 1, client_id: str = WEB, subject: str = ADA, *, offline: bool = True) -> Grant:
    """An active grant at generation 1, with the epochs of the records above."""
    return Grant(
        id=GrantId(number.to_bytes(16, "big")),
        client_id=ClientId(client_id),
        subject=SubjectId(subject),
        state=GrantState.ACTIVE,
        generation=1,
        key_id=1,
        renewed_at=START,
        previous_renewed_at=START,
        used_at=START,
        secret_digest=b"d" * 32,
        retries=0,
        scope=Scope.of("openid", "offline_access") if offline else Scope.of("openid"),
        resources=(),
        auth_time=START,
        acr=None,
        amr=("pwd",),
        session_id=None,
        offline=offline,
        refreshable=offline,
        binding=None,
        epochs=Epochs(0, 0, 0),
        created_at=START,
        granted_at=START,
        expires_at=Millis(START + 90 * DAY),
        pending_expires_at=Millis(START + 60_000),
        revocation=None,
        challenge=None,
        redirect_uri=None,
        nonce=None,
        seen=Caller("browser", "192.0.2.0"),
    )
