"""What is known when a request is judged: records as the store holds them, none of which can be written to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from evergrant.core.policy import EpochEvent, Overrides, Profile
from evergrant.protocol.record import record
from evergrant.protocol.scope import Scope
from evergrant.protocol.values import ClientId, CorrelationId, GrantId, Millis, RealmId, SubjectId

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]
AuthMethod = Literal["none", "client_secret_basic", "client_secret_post"]


class GrantState(StrEnum):
    """Superseded is no state: a later generation exists, which is another fact in another column."""

    PENDING = "pending"
    ACTIVE = "active"
    REVOKED = "revoked"


@record
class Epochs:
    """Counters of realm, client and subject, copied at approval. A difference means: something happened since."""

    realm: int
    client: int
    subject: int


@record
class Caller:
    """The context of a request: what the streak compares. `address_prefix` is a /24 or /48, or empty."""

    user_agent: str = ""
    address_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Revocation:
    """Who ended a grant, when and why: kept, because revoked is for ever."""

    at: Millis
    by: str  # "client", "operator", "server", or "subject"
    reason: str


@record
class Grant:
    """One authorization: one row from the code to the last refresh (design: "What the row holds").

    Times are milliseconds UTC. `expires_at` is 0 while pending; `challenge` outlives 0 -> 1, `redirect_uri` and
    `nonce` do not. `refreshable`: whether this grant hands out a refresh token at all.
    """

    id: GrantId
    client_id: ClientId
    subject: SubjectId
    state: GrantState
    generation: int
    key_id: int
    renewed_at: Millis
    previous_renewed_at: Millis
    used_at: Millis
    secret_digest: bytes
    retries: int
    scope: Scope
    resources: tuple[str, ...]
    auth_time: Millis
    acr: str | None
    amr: tuple[str, ...]
    session_id: str | None
    offline: bool
    refreshable: bool
    binding: str | None
    epochs: Epochs
    created_at: Millis
    granted_at: Millis
    expires_at: Millis
    pending_expires_at: Millis
    revocation: Revocation | None
    challenge: str | None
    redirect_uri: str | None
    nonce: str | None
    seen: Caller


@dataclass(frozen=True, slots=True)
class Realm:
    """A tenant and issuer. `name` is in its URL; the default realm is named `default` and lives at the root."""

    id: RealmId
    name: str
    policy: Overrides
    epoch: int
    epoch_event: EpochEvent
    created_at: Millis
    version: int  # moves with every change of configuration in this realm


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client. RFC 6749 §2."""

    id: ClientId
    name: str
    public: bool
    secret_digest: bytes | None
    auth_method: AuthMethod
    strict_auth: bool
    grant_types: frozenset[str]
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    scope: Scope  # all it may ask for
    audiences: tuple[str, ...]  # resources it may ask tokens for; the first is the default
    roles: tuple[str, ...]  # in its own (client credentials) tokens
    profile: Profile
    policy: Overrides
    require_pkce: bool
    first_party: bool  # consent is not asked
    id_token_alg: Literal["RS256", "ES256"]
    disabled: bool
    epoch: int
    epoch_event: EpochEvent
    created_at: Millis
    revision: int  # moves with every change; a save names the one it read


@record
class Subject:
    """A user. `claims` are standard OIDC claims (OIDC Core §5.1). The password hash is not here: see Login."""

    id: SubjectId
    username: str
    roles: tuple[str, ...]
    claims: Mapping[str, JsonValue]
    disabled: bool
    epoch: int
    epoch_event: EpochEvent
    created_at: Millis
    revision: int


@dataclass(frozen=True, slots=True)
class Login:
    """A subject together with its password hash (argon2id, PHC string); None: no password is set."""

    subject: Subject
    password_hash: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Resource:
    """An API (RFC 8707). `scopes` maps each scope to the plain sentence that consent shows."""

    identifier: str
    name: str
    scopes: Mapping[str, str]
    access_token_lifetime: int | None  # milliseconds; None: the policy's
    introspection_client: ClientId | None
    created_at: Millis


@dataclass(frozen=True, slots=True)
class Session:
    """A browser's sign-in. The cookie's value is not here, only its SHA-256; `sid` is public (ID tokens)."""

    digest: bytes
    sid: str
    subject: SubjectId
    auth_time: Millis
    amr: tuple[str, ...]
    created_at: Millis
    used_at: Millis
    expires_at: Millis
    seen: Caller


@dataclass(frozen=True, slots=True)
class Consent:
    """What a subject allowed a client, remembered."""

    subject: SubjectId
    client_id: ClientId
    scope: Scope
    resources: tuple[str, ...]
    granted_at: Millis


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A signing key as the store holds it: the private half sealed (AES-GCM) under master key `master_key_id`.

    Published from `created_at`, signs from `active_from` until `retires_at`, leaves the JWKS at `removed_at`.
    """

    kid: str
    alg: Literal["ES256", "RS256"]
    public_jwk: Mapping[str, str]
    sealed_private: bytes = field(repr=False)
    master_key_id: int
    created_at: Millis
    active_from: Millis
    retires_at: Millis | None
    removed_at: Millis | None


@record
class GrantFacts:
    """One read: the grant and its subject as they are now (None: the subject is gone)."""

    grant: Grant
    subject: Subject | None


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """One read: the session and its subject as it is now (None: gone)."""

    session: Session
    subject: Subject | None


class EventKind(StrEnum):
    """What matters to security and is therefore a row."""

    GRANT_OPENED = "grant_opened"
    GRANT_EXCHANGED = "grant_exchanged"
    GRANT_REVOKED = "grant_revoked"
    GRANT_REUSED = "grant_reused"
    REFRESH_REFUSED = "refresh_refused"
    OTHER_CLIENT = "other_client"
    RETRY_STREAK = "retry_streak"
    STORE_BEHIND = "store_behind"
    TOO_FAR_AHEAD = "too_far_ahead"
    TOKEN_REVOKED = "token_revoked"
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    CONSENT_DENIED = "consent_denied"
    CLIENT_REFUSED = "client_refused"
    CLIENT_CHANGED = "client_changed"
    SUBJECT_CHANGED = "subject_changed"
    RESOURCE_CHANGED = "resource_changed"
    REALM_CHANGED = "realm_changed"
    KEY_ROTATED = "key_rotated"


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the audit trail. Holds ids and reasons, never a token. `detail` values are short plain text."""

    at: Millis
    kind: EventKind
    correlation_id: CorrelationId
    grant_id: GrantId | None = None
    client_id: ClientId | None = None
    subject: SubjectId | None = None
    reason: str | None = None
    caller: Caller = field(default_factory=Caller)
    detail: Mapping[str, str] = field(default_factory=dict)
