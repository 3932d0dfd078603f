"""The tokens of one session, and how they are written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from evergrant.client.errors import VaultDamaged
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis

VERSION: Final = 1
"""Of the record. A reader that finds another one refuses it."""

_SECRETS: Final = frozenset({"access_token", "refresh_token", "id_token"})
_NUMBERS: Final = frozenset({"obtained_at", "expires_at", "refresh_expires_at", "revision"})
_REQUIRED: Final = frozenset({"issuer", "client_id", "access_token", "token_type", "obtained_at", "revision"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSet:
    """What an issuer gave a client for one session. Times are milliseconds UTC by this machine's clock.

    `obtained_at` is the moment when the request was sent, so that no time on the way counts as life. `revision` grows
    by one with each save. `ended` says why nobody can renew any more, in the issuer's word: `invalid_grant`.
    """

    issuer: str
    client_id: str
    access_token: Secret
    token_type: str
    obtained_at: Millis
    expires_at: Millis | None = None
    refresh_token: Secret | None = None
    refresh_expires_at: Millis | None = None
    id_token: Secret | None = None
    scope: str | None = None
    subject: str | None = None
    revision: int = 0
    ended: str | None = None

    def next_to(self, before: TokenSet | None) -> TokenSet:
        """These, to be saved over what was there before."""
        return replace(self, revision=1 if before is None else before.revision + 1)

    def to_record(self) -> dict[str, str | int | None]:
        """For a vault, which may write it as JSON. The tokens are in clear."""
        record: dict[str, str | int | None] = {"version": VERSION}
        for field in fields(self):
            value = getattr(self, field.name)
            record[field.name] = value.reveal() if isinstance(value, Secret) else value
        return record

    @classmethod
    def from_record(cls, record: object) -> TokenSet:
        """Reads `to_record`. Raises VaultDamaged for anything else, and does not quote it."""
        if not isinstance(record, Mapping) or record.get("version") != VERSION:
            raise VaultDamaged("not a session that this version can read")
        return cls(**{field.name: _read(field.name, record.get(field.name)) for field in fields(cls)})


# Any: the field's own type, as the line before the last has just looked.
def _read(name: str, value: object) -> Any:
    if value is None and name not in _REQUIRED:
        return None
    kind = int if name in _NUMBERS else str
    if not isinstance(value, kind) or isinstance(value, bool):
        raise VaultDamaged(f"the session's {name} is missing or of another kind")
    return Secret(str(value)) if name in _SECRETS else value
