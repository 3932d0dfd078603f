"""The first schema."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import sqlite

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LONG = sa.BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
TABLES = (
    "attempts",
    "claims",
    "clients",
    "consents",
    "events",
    "grants",
    "realms",
    "resources",
    "sessions",
    "signing_keys",
    "subjects",
)


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=False)


def _maybe_text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=True)


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=False)


def _long(name: str) -> "sa.Column[int]":
    return sa.Column(name, LONG, autoincrement=False, nullable=False)


def _maybe_long(name: str) -> "sa.Column[int]":
    return sa.Column(name, LONG, nullable=True)


def _binary(name: str) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _maybe_binary(name: str) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary(), nullable=True)


def _partial_index(name: str, table: str, columns: Sequence[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def upgrade() -> None:
    _configuration()
    _sign_in()
    _grants()


def _configuration() -> None:
    op.create_table(
        "realms",
        _text("id"),
        _text("name"),
        _text("policy"),
        _number("epoch"),
        _text("epoch_event"),
        _long("created_at"),
        _long("version"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "clients",
        _text("realm"),
        _text("id"),
        _text("name"),
        _number("public"),
        _maybe_binary("secret_digest"),
        _text("auth_method"),
        _number("strict_auth"),
        _text("grant_types"),
        _text("redirect_uris"),
        _text("post_logout_redirect_uris"),
        _text("allowed_origins"),
        _text("scope"),
        _text("audiences"),
        _text("roles"),
        _text("profile"),
        _text("policy"),
        _number("require_pkce"),
        _number("first_party"),
        _text("id_token_alg"),
        _number("disabled"),
        _number("epoch"),
        _text("epoch_event"),
        _long("created_at"),
        _number("revision"),
        sa.PrimaryKeyConstraint("realm", "id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "subjects",
        _text("realm"),
        _text("id"),
        _text("username"),
        _text("username_key"),
        _text("roles"),
        _text("claims"),
        _number("disabled"),
        _number("epoch"),
        _text("epoch_event"),
        _long("created_at"),
        _number("revision"),
        _maybe_text("password_hash"),
        sa.PrimaryKeyConstraint("realm", "id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("subjects_by_username", "subjects", ["realm", "username_key"], unique=True)
    op.create_table(
        "resources",
        _text("realm"),
        _text("identifier"),
        _text("name"),
        _text("scopes"),
        _maybe_long("access_token_lifetime"),
        _maybe_text("introspection_client"),
        _long("created_at"),
        sa.PrimaryKeyConstraint("realm", "identifier"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signing_keys",
        _text("realm"),
        _text("kid"),
        _text("alg"),
        _text("public_jwk"),
        _binary("sealed_private"),
        _number("master_key_id"),
        _long("created_at"),
        _long("active_from"),
        _maybe_long("retires_at"),
        _maybe_long("removed_at"),
        sa.PrimaryKeyConstraint("realm", "kid"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _sign_in() -> None:
    op.create_table(
        "sessions",
        _text("realm"),
        _binary("digest"),
        _text("sid"),
        _text("subject"),
        _long("auth_time"),
        _text("amr"),
        _long("created_at"),
        _long("used_at"),
        _long("expires_at"),
        _text("user_agent"),
        _text("address_prefix"),
        sa.PrimaryKeyConstraint("realm", "digest"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("sessions_by_end", "sessions", ["realm", "expires_at"])
    op.create_index("sessions_by_subject", "sessions", ["realm", "subject"])
    op.create_table(
        "claims",
        _text("realm"),
        _text("kind"),
        _binary("claim"),
        _long("expires_at"),
        sa.PrimaryKeyConstraint("realm", "kind", "claim"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("claims_by_end", "claims", ["realm", "expires_at"])
    op.create_table(
        "attempts",
        _text("realm"),
        _binary("key"),
        _number("tally"),
        _long("updated_at"),
        sa.PrimaryKeyConstraint("realm", "key"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("attempts_by_time", "attempts", ["realm", "updated_at"])
    op.create_table(
        "events",
        sa.Column("id", LONG, autoincrement=True, nullable=False),
        _text("realm"),
        _long("at"),
        _text("kind"),
        _text("correlation_id"),
        _maybe_binary("grant_id"),
        _maybe_text("client_id"),
        _maybe_text("subject"),
        _maybe_text("reason"),
        _text("user_agent"),
        _text("address_prefix"),
        _text("detail"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("events_by_correlation", "events", ["realm", "correlation_id"])
    _partial_index("events_by_grant", "events", ["realm", "grant_id"], "grant_id IS NOT NULL")
    op.create_index("events_by_time", "events", ["realm", "at"])


def _grants() -> None:
    op.create_table(
        "grants",
        _binary("id"),
        _text("realm"),
        _text("client_id"),
        _text("subject"),
        _text("state"),
        _long("generation"),
        _number("key_id"),
        _long("renewed_at"),
        _long("previous_renewed_at"),
        _long("used_at"),
        _binary("secret_digest"),
        _number("retries"),
        _text("scope"),
        _text("resources"),
        _long("auth_time"),
        _maybe_text("acr"),
        _text("amr"),
        _maybe_text("session_id"),
        _number("offline"),
        _number("refreshable"),
        _maybe_text("binding"),
        _number("realm_epoch"),
        _number("client_epoch"),
        _number("subject_epoch"),
        _long("created_at"),
        _long("granted_at"),
        _long("expires_at"),
        _long("pending_expires_at"),
        _maybe_long("revoked_at"),
        _maybe_text("revoked_by"),
        _maybe_text("revoked_reason"),
        _maybe_text("challenge"),
        _maybe_text("redirect_uri"),
        _maybe_text("nonce"),
        _text("user_agent"),
        _text("address_prefix"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("grants_by_client", "grants", ["realm", "client_id"])
    op.create_index("grants_by_end", "grants", ["realm", "expires_at"])
    _partial_index("grants_by_pending_end", "grants", ["realm", "pending_expires_at"], "state = 'pending'")
    _partial_index("grants_by_revocation", "grants", ["realm", "revoked_at"], "revoked_at IS NOT NULL")
    _partial_index("grants_by_session", "grants", ["realm", "session_id"], "session_id IS NOT NULL")
    op.create_index("grants_by_subject", "grants", ["realm", "subject", "client_id"])
    op.create_table(
        "consents",
        _text("realm"),
        _text("subject"),
        _text("client_id"),
        _text("scope"),
        _text("resources"),
        _long("granted_at"),
        sa.PrimaryKeyConstraint("realm", "subject", "client_id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
