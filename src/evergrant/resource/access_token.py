"""What an API knows once a token was found good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evergrant.protocol.values import Millis


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A good access token, without its text, so that it cannot be passed on to another API. RFC 9068 §2.2.

    `subject` is who it acts for (for client credentials, the client itself); `scopes` is what the client may do at
    most, with what those scopes imply; `roles` is what the subject is. Moments are milliseconds UTC. `grant_id` is
    Evergrant's `gid`: the grant that the token belongs to. `claims` is everything, as it was said.
    """

    issuer: str
    subject: str
    client_id: str | None
    audience: tuple[str, ...]
    scopes: frozenset[str]
    roles: frozenset[str]
    expires_at: Millis
    issued_at: Millis | None = None
    token_id: str | None = None
    auth_time: Millis | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    grant_id: str | None = None
    claims: Mapping[str, object] = field(default_factory=dict, repr=False)
