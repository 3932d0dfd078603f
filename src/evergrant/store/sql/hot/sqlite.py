"""A refresh on SQLite: one SELECT, one conditional UPDATE, on the driver's own connection."""

from typing import Any, Final

from evergrant.core.facts import GrantFacts
from evergrant.core.ports.ledger import Done, Superseded
from evergrant.store.sql.hot.shapes import (
    GRANT_AND_SUBJECT,
    WantedClaim,
    WantedGrant,
    WantedRenewal,
    bits_factor,
    previous_renewed_at,
    read_facts,
)
from evergrant.store.sql.rows.columns import storable

GRANT: Final = (
    f"SELECT {GRANT_AND_SUBJECT} FROM grants AS g"  # noqa: S608  column names of our own schema
    " LEFT JOIN subjects AS s ON s.realm = g.realm AND s.id = g.subject WHERE g.id = ? AND g.realm = ?"
)
CLAIM: Final = "SELECT 1 FROM claims WHERE realm = ? AND kind = ? AND claim = ?"
RENEW: Final = (
    "UPDATE grants SET generation = ?, key_id = ?, previous_renewed_at = ?, renewed_at = ?, used_at = ?,"
    " retries = (retries * ?) % 256, user_agent = ?, address_prefix = ?"
    " WHERE id = ? AND realm = ? AND state = 'active' AND generation = ? AND renewed_at = ?"
)

_DONE: Final = Done()
_SUPERSEDED: Final = Superseded()


def grant(cursor: Any, wanted: WantedGrant) -> GrantFacts | None:
    """The grant and its subject as they are committed now."""
    row = cursor.execute(GRANT, (wanted.grant_id, wanted.realm)).fetchone()
    return None if row is None else read_facts(row)


def is_claimed(cursor: Any, wanted: WantedClaim) -> bool:
    """Whether it is taken."""
    return cursor.execute(CLAIM, (wanted.realm, wanted.kind, wanted.claim)).fetchone() is not None


def renew(cursor: Any, wanted: WantedRenewal) -> Done | Superseded:
    """The renewal, inside a transaction that the caller opened."""
    renewal = wanted.renewal
    values = (
        renewal.to,
        renewal.key_id,
        previous_renewed_at(renewal),
        renewal.at,
        renewal.at,
        bits_factor(renewal),
        storable(renewal.caller.user_agent),
        renewal.caller.address_prefix,
        renewal.grant_id,
        wanted.realm,
        renewal.generation,
        renewal.renewed_at,
    )
    return _DONE if cursor.execute(RENEW, values).rowcount else _SUPERSEDED
