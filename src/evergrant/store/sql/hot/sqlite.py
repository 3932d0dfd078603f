"""A refresh on SQLite, on the driver's own connection: one SELECT and one conditional UPDATE for a whole batch.

Each call into SQLite lets go of the interpreter's lock, and a busy event loop gives it back when it pleases: a batch
that asked row by row would wait once for each row, and both sides would pay for each change of hands. So a batch is one
call: its items go in as VALUES, and what is read comes back as one JSON text.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from evergrant.core.facts import GrantFacts
from evergrant.core.ports.ledger import Done, Superseded
from evergrant.store.schema import grants as grants_table
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
from evergrant.store.sql.rows.people import SUBJECT_COLUMNS

PLANS: Final = "PRAGMA automatic_index=off"
"""For the connection that renews. SQLite would otherwise read all grants and look each up in an index of the batch."""

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

DONE: Final = Done()
_SUPERSEDED: Final = Superseded()
_rows: Final = msgspec.json.Decoder(list[list[Any]]).decode

# JSON holds no bytes: the id is the one that was asked for, and the digest travels as hexadecimal digits.
_NAMES: Final = tuple(column.name for column in grants_table.columns)
_ID, _DIGEST = _NAMES.index("id") + 1, _NAMES.index("secret_digest") + 1
_AS_JSON: Final = ", ".join(
    (
        *({"id": "NULL", "secret_digest": 'hex(g."secret_digest")'}.get(name, f'g."{name}"') for name in _NAMES),
        *(f's."{column.name}"' for column in SUBJECT_COLUMNS),
    )
)


def grant(cursor: Any, wanted: WantedGrant) -> GrantFacts | None:
    """The grant and its subject as they are committed now."""
    row = cursor.execute(GRANT, (wanted.grant_id, wanted.realm)).fetchone()
    return None if row is None else read_facts(row)


def grants(cursor: Any, wanted: Sequence[WantedGrant]) -> list[GrantFacts | None]:
    """The same for several at once, in their order."""
    size = _size(len(wanted))
    values: list[object] = [value for number, one in enumerate(wanted) for value in (number, one.grant_id, one.realm)]
    values += (None,) * (3 * size - len(values))
    found: list[GrantFacts | None] = [None] * len(wanted)
    for row in _rows(cursor.execute(grants_statement(size), values).fetchone()[0]):
        number = row[0]
        row[_ID], row[_DIGEST] = wanted[number].grant_id, bytes.fromhex(row[_DIGEST])
        found[number] = read_facts(row[1:])
    return found


def is_claimed(cursor: Any, wanted: WantedClaim) -> bool:
    """Whether it is taken."""
    return cursor.execute(CLAIM, (wanted.realm, wanted.kind, wanted.claim)).fetchone() is not None


def renew(cursor: Any, wanted: WantedRenewal) -> Done | Superseded:
    """The renewal, inside a transaction that the caller opened."""
    return DONE if cursor.execute(RENEW, _values(wanted)).rowcount else _SUPERSEDED


def renew_all(cursor: Any, wanted: Sequence[WantedRenewal]) -> bool:
    """Several renewals in one statement. False: not all of them happened, and the transaction must be rolled back.

    How many rows changed tells that each item won its own; of copies of one renewal only one can.
    """
    size = _size(len(wanted))
    values = [value for one in wanted for value in _values(one)]
    values += (None,) * (_WIDTH * size - len(values))
    return bool(cursor.execute(renewals_statement(size), values).rowcount == len(wanted))


_WIDTH: Final = 12


def _values(wanted: WantedRenewal) -> tuple[object, ...]:
    renewal = wanted.renewal
    return (
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


def _size(count: int) -> int:
    """Rounded up to a power of two, the rest filled with NULL: a few statements to prepare, and not one per size."""
    return 1 << (count - 1).bit_length()


def _table(size: int, width: int) -> str:
    return ", ".join([f"({', '.join('?' * width)})"] * size)


@lru_cache(maxsize=16)
def grants_statement(size: int) -> str:
    """Asks for `size` grants: number, id and realm each; one text comes back."""
    # CROSS JOIN: the batch first, then each grant by its key, whatever the planner believes of the table.
    return (
        f"SELECT json_group_array(json_array(w.column1, {_AS_JSON}))"  # noqa: S608  column names of our own schema
        f" FROM (VALUES {_table(size, 3)}) AS w CROSS JOIN grants AS g ON g.id = w.column2 AND g.realm = w.column3"
        " LEFT JOIN subjects AS s ON s.realm = g.realm AND s.id = g.subject"
    )


@lru_cache(maxsize=16)
def renewals_statement(size: int) -> str:
    """Renews `size` grants."""
    return (
        "UPDATE grants SET generation = w.column1, key_id = w.column2, previous_renewed_at = w.column3,"  # noqa: S608  column names and marks
        " renewed_at = w.column4, used_at = w.column5, retries = (retries * w.column6) % 256,"
        f" user_agent = w.column7, address_prefix = w.column8 FROM (VALUES {_table(size, _WIDTH)}) AS w"
        " WHERE grants.id = w.column9 AND grants.realm = w.column10 AND grants.state = 'active'"
        " AND grants.generation = w.column11 AND grants.renewed_at = w.column12"
    )
