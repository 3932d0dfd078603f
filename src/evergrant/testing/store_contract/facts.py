"""Facts for the suite: whole, plausible, and the same in every run."""

from dataclasses import replace
from typing import Any, Final

from evergrant.core.facts import (
    Caller,
    Client,
    Consent,
    Epochs,
    Event,
    EventKind,
    Grant,
    GrantState,
    Realm,
    Resource,
    Revocation,
    Session,
    StoredKey,
    Subject,
)
from evergrant.core.policy import EpochEvent, Profile
from evergrant.core.ports.ledger import Exchange, Renewal, Room
from evergrant.protocol.scope import Scope
from evergrant.protocol.values import ClientId, CorrelationId, GrantId, Millis, RealmId, SubjectId

START: Final = Millis(1_800_000_000_000)
SECOND: Final = 1_000
DAY: Final = 86_400_000

WEB: Final = ClientId("web")
ADA: Final = SubjectId("sub-ada")
BROWSER: Final = Caller("Browser/1", "192.0.2.0/24")
ELSEWHERE: Final = Caller("Browser/2", "2001:db8::/48")
BY_OPERATOR: Final = Revocation(Millis(START + DAY), "operator", "by_operator")


def after(milliseconds: int) -> Millis:
    """A moment so long after the start."""
    return Millis(START + milliseconds)


def grant_id(number: int) -> GrantId:
    """A grant id that is easy to tell apart."""
    return GrantId(number.to_bytes(16, "big"))


def a_realm(name: str = "default", **different: Any) -> Realm:
    """A realm."""
    realm = Realm(
        id=RealmId(f"id-{name}"),
        name=name,
        policy={"retry_window": 0, "renew": "never", "extend_on_renew": False},
        epoch=3,
        epoch_event=EpochEvent.NONE,
        created_at=START,
        version=1,
    )
    return replace(realm, **different)


def a_client(id: str = WEB, **different: Any) -> Client:
    """A client."""
    client = Client(
        id=ClientId(id),
        name="Wëb, 万维",
        public=False,
        secret_digest=b"\x00digest\xff",
        auth_method="client_secret_basic",
        strict_auth=True,
        grant_types=frozenset({"authorization_code", "refresh_token"}),
        redirect_uris=("https://client.example/callback", "http://127.0.0.1/callback"),
        post_logout_redirect_uris=("https://client.example/",),
        allowed_origins=("https://client.example",),
        scope=Scope.of("openid", "offline_access", "read"),
        audiences=("https://api.example",),
        roles=("reader",),
        profile=Profile.OAUTH21,
        policy={"access_token_lifetime": 60_000},
        require_pkce=True,
        first_party=False,
        id_token_alg="RS256",
        disabled=False,
        epoch=5,
        epoch_event=EpochEvent.SECRET_ROTATION,
        created_at=START,
        revision=1,
    )
    return replace(client, **different)


def a_subject(id: str = ADA, username: str = "ada", **different: Any) -> Subject:
    """A subject."""
    subject = Subject(
        id=SubjectId(id),
        username=username,
        roles=("admin", "reader"),
        claims={"name": "Ada L.", "email_verified": True, "address": {"country": "GB"}, "n": [1, None]},
        disabled=False,
        epoch=7,
        epoch_event=EpochEvent.PASSWORD_CHANGE,
        created_at=START,
        revision=1,
    )
    return replace(subject, **different)


def a_resource(identifier: str = "https://api.example", **different: Any) -> Resource:
    """A resource."""
    resource = Resource(
        identifier=identifier,
        name="The API",
        scopes={"read": "Read your things", "write": "Change your things"},
        access_token_lifetime=None,
        introspection_client=WEB,
        created_at=START,
    )
    return replace(resource, **different)


def a_pending(id: GrantId, **different: Any) -> Grant:
    """A grant as its approval makes it: generation 0, with a code."""
    grant = Grant(
        id=id,
        client_id=WEB,
        subject=ADA,
        state=GrantState.PENDING,
        generation=0,
        key_id=1,
        renewed_at=START,
        previous_renewed_at=START,
        used_at=START,
        secret_digest=b"code" * 8,
        retries=0,
        scope=Scope.of("read", "openid"),
        resources=("https://api.example",),
        auth_time=after(-5 * SECOND),
        acr="1",
        amr=("pwd", "otp"),
        session_id="sid-1",
        offline=True,
        refreshable=True,
        binding=None,
        epochs=Epochs(realm=3, client=5, subject=7),
        created_at=START,
        granted_at=START,
        expires_at=Millis(0),
        pending_expires_at=after(60 * SECOND),
        revocation=None,
        challenge="challenge",
        redirect_uri="https://client.example/callback",
        nonce="nonce",
        seen=BROWSER,
    )
    return replace(grant, **different)


def an_active(id: GrantId, **different: Any) -> Grant:
    """A grant that is past its exchange."""
    active: dict[str, Any] = {
        "state": GrantState.ACTIVE,
        "generation": 1,
        "secret_digest": b"family--" * 4,
        "expires_at": after(90 * DAY),
        "challenge": None,
        "redirect_uri": None,
        "nonce": None,
    }
    return a_pending(id, **(active | different))


def an_exchange(id: GrantId, **different: Any) -> Exchange:
    """The step 0 -> 1."""
    exchange = Exchange(
        grant_id=id,
        key_id=2,
        secret_digest=b"family--" * 4,
        expires_at=after(90 * DAY),
        at=after(SECOND),
        caller=ELSEWHERE,
    )
    return replace(exchange, **different)


def a_renewal(grant: Grant, at: Millis, **different: Any) -> Renewal:
    """The renewal of a grant as it is now."""
    renewal = Renewal(
        grant_id=grant.id,
        generation=grant.generation,
        renewed_at=grant.renewed_at,
        to=grant.generation + 1,
        adopts=False,
        key_id=grant.key_id,
        at=at,
        caller=ELSEWHERE,
    )
    return replace(renewal, **different)


def an_event(kind: EventKind = EventKind.GRANT_OPENED, **different: Any) -> Event:
    """An event."""
    event = Event(
        at=START,
        kind=kind,
        correlation_id=CorrelationId("correlation-1"),
        client_id=WEB,
        subject=ADA,
        reason="because",
        caller=BROWSER,
        detail={"note": "plain, short"},
    )
    return replace(event, **different)


def room(most: int = 200) -> Room:
    """Room for so many grants."""
    return Room(most, an_event(EventKind.GRANT_REVOKED, at=after(SECOND), reason="made_room"))


def a_consent(**different: Any) -> Consent:
    """A consent."""
    consent = Consent(ADA, WEB, Scope.of("read"), ("https://api.example",), START)
    return replace(consent, **different)


def a_session(digest: bytes = b"s" * 32, **different: Any) -> Session:
    """A session."""
    session = Session(
        digest=digest,
        sid="sid-1",
        subject=ADA,
        auth_time=START,
        amr=("pwd",),
        created_at=START,
        used_at=START,
        expires_at=after(DAY),
        seen=BROWSER,
    )
    return replace(session, **different)


def a_key(kid: str = "key-1", **different: Any) -> StoredKey:
    """A signing key."""
    key = StoredKey(
        kid=kid,
        alg="ES256",
        public_jwk={"kty": "EC", "crv": "P-256", "x": "x", "y": "y"},
        sealed_private=b"\x00sealed\xff",
        master_key_id=1,
        created_at=START,
        active_from=after(DAY),
        retires_at=None,
        removed_at=None,
    )
    return replace(key, **different)
