"""Identifiers and units that must not be mistaken for one another."""

from __future__ import annotations

from typing import NewType

ClientId = NewType("ClientId", str)
"""A registered client's `client_id`. RFC 6749 §2.2."""

SubjectId = NewType("SubjectId", str)
"""The `sub` of a person or, for client credentials, of a client. OpenID Connect Core §2."""

RealmId = NewType("RealmId", str)
"""The name of a tenant, unique on one server."""

GrantId = NewType("GrantId", bytes)
"""16 bytes that name a grant. Public: it may be shown in logs and is `gid` in access tokens."""

Millis = NewType("Millis", int)
"""A moment (since 1970, UTC) or a length of time, in milliseconds."""

CorrelationId = NewType("CorrelationId", str)
"""Ties an answer to the log lines and events it caused."""


def grant_id_text(grant: GrantId) -> str:
    """How a grant is named in text: 32 lower-case hexadecimal digits."""
    return grant.hex()


def grant_id_from_text(text: str) -> GrantId:
    """Reads `grant_id_text`. Raises `ValueError` for anything else, upper case and spaces included."""
    grant = GrantId(bytes.fromhex(text))
    if len(grant) != 16 or grant_id_text(grant) != text:
        raise ValueError("a grant is named by 32 lower-case hexadecimal digits")
    return grant
