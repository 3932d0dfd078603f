"""What can be decided about a token request: a closed list, matched exhaustively by the engine."""

from dataclasses import dataclass

from evergrant.core.access import Access
from evergrant.core.facts import EventKind, Grant
from evergrant.core.issuance import Issuance
from evergrant.core.reasons import Reason
from evergrant.protocol.errors import OAuthError
from evergrant.protocol.record import record


@dataclass(frozen=True, slots=True)
class Refuse:
    """Say no; the grant stays as it is. `event`: the audit row to write, None where no grant was read."""

    error: OAuthError
    reason: Reason
    event: EventKind | None = None


@dataclass(frozen=True, slots=True)
class Revoke:
    """End the grant, then say no. A decision, not an exception: an exception would take the revocation with it."""

    error: OAuthError
    reason: Reason
    event: EventKind


@dataclass(frozen=True, slots=True)
class Exchange:
    """0 -> 1: the code becomes the first access and refresh token."""

    access: Access


@record
class Renew:
    """Move to generation `to`. `adopts`: the store was behind what we ourselves signed (row 8)."""

    to: int
    adopts: bool
    access: Access


@record
class Redeliver:
    """The current refresh token again and a new access token. `retries`: new bits to write, None: nothing to write.

    `streak`: how many redeliveries in a row went to another context.
    """

    retries: int | None
    streak: int
    access: Access


@record
class Keep:
    """The presented refresh token again, where the policy keeps tokens. `touch`: idle expiry is to be moved."""

    touch: bool
    access: Access


Verdict = Refuse | Revoke | Exchange | Renew | Redeliver | Keep
"""What `judge()` says of a presented credential."""


@record
class Issue:
    """Tokens without a grant (client credentials)."""

    issuance: Issuance


@dataclass(frozen=True, slots=True)
class Open:
    """Open a grant at generation 1 (password grant). The engine fills in id, secret and key."""

    draft: Grant
    issuance: Issuance


Decision = Verdict | Issue | Open
