"""What a revocation request ends. RFC 7009 §2.1.

Any genuine token of the grant will do, spent or ahead of the store: its holder can end the grant and nothing more.
"""

from dataclasses import dataclass

from evergrant.core.facts import Client, EventKind, Grant, GrantState
from evergrant.core.reasons import Reason
from evergrant.protocol.values import GrantId, Millis


@dataclass(frozen=True, slots=True)
class EndGrant:
    """A refresh token: the grant ends, and with it every access token at introspection and userinfo."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class EndAccess:
    """An access token: this one is dead at introspection and userinfo at once. `expires_at` in milliseconds."""

    jti: str
    expires_at: Millis


@dataclass(frozen=True, slots=True)
class NothingToEnd:
    """Unknown, expired, ended already, or another client's: the answer is the same 200 (RFC 7009 §2.2).

    `grant_id`: whose token somebody else holds, so that the alarm tells it.
    """

    reason: Reason
    event: EventKind | None = None
    grant_id: GrantId | None = None


Ending = EndGrant | EndAccess | NothingToEnd


def end_refresh(grant: Grant | None, client: Client) -> Ending:
    """What a genuine refresh token ends; `grant` None: the row is gone or the secret did not match."""
    if grant is None:
        return NothingToEnd(Reason.UNKNOWN)
    if grant.client_id != client.id:
        return NothingToEnd(Reason.OTHER_CLIENT, EventKind.OTHER_CLIENT, grant.id)
    if grant.state is GrantState.REVOKED:
        return NothingToEnd(Reason.REVOKED)
    return EndGrant(grant)


def end_access(jti: str, issued_to: str, grant_id: GrantId | None, expires_at: Millis, client: Client) -> Ending:
    """What an access token of ours, still valid by itself, ends. `grant_id` None: it was issued without a grant."""
    if issued_to != client.id:
        return NothingToEnd(Reason.OTHER_CLIENT, EventKind.OTHER_CLIENT, grant_id)
    return EndAccess(jti, expires_at)
