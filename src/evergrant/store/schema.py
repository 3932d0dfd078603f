"""The tables, one text for SQLite and PostgreSQL (design: "What the row holds").

Times are milliseconds UTC in 64 bits, yes and no are 1 and 0, lists and maps are JSON text: types that STRICT tables of
SQLite and PostgreSQL both hold exactly. There are no foreign keys: a grant outlives its subject and its client, because
a spent token must still be told from an unknown one, and sharded databases do not have them. Verbs delete what belongs
together, in one transaction.

Nothing that a renewal writes is in an index, and pages of `grants` are filled to 70 % only, so that PostgreSQL updates
a row in place (HOT).
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.dialects import sqlite

HEAD: Final = "0001"
"""The newest revision. A test holds it against the migrations; importing Alembic to know it costs a second."""

REVISIONS: Final = (HEAD,)
"""Every revision this program knows, oldest first."""

# SQLite counts rows up only in a column that is literally INTEGER, which has 64 bits there; STRICT knows no BIGINT.
LONG: Final = BigInteger().with_variant(sqlite.INTEGER(), "sqlite")

metadata: Final = MetaData()


def _key(name: str) -> "Column[str]":
    return Column(name, Text, primary_key=True)


def _digest_key(name: str) -> "Column[bytes]":
    return Column(name, LargeBinary, primary_key=True)


def _words(name: str) -> "Column[str]":
    return Column(name, Text, nullable=False)


def _maybe(name: str) -> "Column[str]":
    return Column(name, Text)


def _moment(name: str) -> "Column[int]":
    return Column(name, LONG, nullable=False, autoincrement=False)


def _maybe_moment(name: str) -> "Column[int]":
    return Column(name, LONG)


def _number(name: str) -> "Column[int]":
    return Column(name, Integer, nullable=False)


def _table(name: str, *parts: "Column[str] | Column[int] | Column[bytes] | Index") -> Table:
    """A table found by its primary key: SQLite keeps the row in the key's own tree (WITHOUT ROWID)."""
    return Table(name, metadata, *parts, sqlite_strict=True, sqlite_with_rowid=False)


realms: Final = _table(
    "realms",
    _key("id"),
    Column("name", Text, nullable=False, unique=True),
    _words("policy"),
    _number("epoch"),
    _words("epoch_event"),
    _moment("created_at"),
    _moment("version"),
)

clients: Final = _table(
    "clients",
    _key("realm"),
    _key("id"),
    _words("name"),
    _number("public"),
    Column("secret_digest", LargeBinary),
    _words("auth_method"),
    _number("strict_auth"),
    _words("grant_types"),
    _words("redirect_uris"),
    _words("post_logout_redirect_uris"),
    _words("allowed_origins"),
    _words("scope"),
    _words("audiences"),
    _words("roles"),
    _words("profile"),
    _words("policy"),
    _number("require_pkce"),
    _number("first_party"),
    _words("id_token_alg"),
    _number("disabled"),
    _number("epoch"),
    _words("epoch_event"),
    _moment("created_at"),
    _number("revision"),
)

subjects: Final = _table(
    "subjects",
    _key("realm"),
    _key("id"),
    _words("username"),
    _words("username_key"),  # as core.usernames spells it for look-up
    _words("roles"),
    _words("claims"),
    _number("disabled"),
    _number("epoch"),
    _words("epoch_event"),
    _moment("created_at"),
    _number("revision"),
    _maybe("password_hash"),
    Index("subjects_by_username", "realm", "username_key", unique=True),
)

resources: Final = _table(
    "resources",
    _key("realm"),
    _key("identifier"),
    _words("name"),
    _words("scopes"),
    _maybe_moment("access_token_lifetime"),
    _maybe("introspection_client"),
    _moment("created_at"),
)

grants: Final = Table(
    "grants",
    metadata,
    # Alone, so that a sharded database spreads grants by it and every hot statement finds its shard.
    _digest_key("id"),
    _words("realm"),
    _words("client_id"),
    _words("subject"),
    _words("state"),
    _moment("generation"),
    _number("key_id"),
    _moment("renewed_at"),
    _moment("previous_renewed_at"),
    _moment("used_at"),
    Column("secret_digest", LargeBinary, nullable=False),
    _number("retries"),
    _words("scope"),
    _words("resources"),
    _moment("auth_time"),
    _maybe("acr"),
    _words("amr"),
    _maybe("session_id"),
    _number("offline"),
    _number("refreshable"),
    _maybe("binding"),
    _number("realm_epoch"),
    _number("client_epoch"),
    _number("subject_epoch"),
    _moment("created_at"),
    _moment("granted_at"),
    _moment("expires_at"),
    _moment("pending_expires_at"),
    _maybe_moment("revoked_at"),
    _maybe("revoked_by"),
    _maybe("revoked_reason"),
    _maybe("challenge"),
    _maybe("redirect_uri"),
    _maybe("nonce"),
    _words("user_agent"),
    _words("address_prefix"),
    Index("grants_by_subject", "realm", "subject", "client_id"),
    Index("grants_by_client", "realm", "client_id"),
    Index(
        "grants_by_session",
        "realm",
        "session_id",
        sqlite_where=text("session_id IS NOT NULL"),
        postgresql_where=text("session_id IS NOT NULL"),
    ),
    Index("grants_by_end", "realm", "expires_at"),
    # Partial indexes for the reaper: a live grant is in neither.
    Index(
        "grants_by_pending_end",
        "realm",
        "pending_expires_at",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    Index(
        "grants_by_revocation",
        "realm",
        "revoked_at",
        sqlite_where=text("revoked_at IS NOT NULL"),
        postgresql_where=text("revoked_at IS NOT NULL"),
    ),
    # A row of several hundred bytes is better kept beside its key than in it.
    sqlite_strict=True,
    postgresql_with={"fillfactor": 70},
)

consents: Final = _table(
    "consents",
    _key("realm"),
    _key("subject"),
    _key("client_id"),
    _words("scope"),
    _words("resources"),
    _moment("granted_at"),
)

sessions: Final = _table(
    "sessions",
    _key("realm"),
    _digest_key("digest"),
    _words("sid"),
    _words("subject"),
    _moment("auth_time"),
    _words("amr"),
    _moment("created_at"),
    _moment("used_at"),
    _moment("expires_at"),
    _words("user_agent"),
    _words("address_prefix"),
    Index("sessions_by_subject", "realm", "subject"),
    Index("sessions_by_end", "realm", "expires_at"),
)

claims: Final = _table(
    "claims",
    _key("realm"),
    _key("kind"),
    _digest_key("claim"),
    _moment("expires_at"),
    Index("claims_by_end", "realm", "expires_at"),
)

attempts: Final = _table(
    "attempts",
    _key("realm"),
    _digest_key("key"),
    _number("tally"),
    _moment("updated_at"),
    Index("attempts_by_time", "realm", "updated_at"),
)

events: Final = Table(
    "events",
    metadata,
    Column("id", LONG, primary_key=True, autoincrement=True),
    _words("realm"),
    _moment("at"),
    _words("kind"),
    _words("correlation_id"),
    Column("grant_id", LargeBinary),
    _maybe("client_id"),
    _maybe("subject"),
    _maybe("reason"),
    _words("user_agent"),
    _words("address_prefix"),
    _words("detail"),
    Index("events_by_correlation", "realm", "correlation_id"),
    Index(
        "events_by_grant",
        "realm",
        "grant_id",
        sqlite_where=text("grant_id IS NOT NULL"),
        postgresql_where=text("grant_id IS NOT NULL"),
    ),
    Index("events_by_time", "realm", "at"),
    sqlite_strict=True,
    # An id is never given twice, also when the newest rows are gone.
    sqlite_autoincrement=True,
)

signing_keys: Final = _table(
    "signing_keys",
    _key("realm"),
    _key("kid"),
    _words("alg"),
    _words("public_jwk"),
    Column("sealed_private", LargeBinary, nullable=False),
    _number("master_key_id"),
    _moment("created_at"),
    _moment("active_from"),
    _maybe_moment("retires_at"),
    _maybe_moment("removed_at"),
)
