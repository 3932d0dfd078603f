"""A refresh on PostgreSQL: one SELECT and one conditional UPDATE for a whole batch, its items as arrays.

Every row that comes back begins with the number of the item it answers. Two copies of one renewal in a batch meet one
row: PostgreSQL joins one of them to it and returns that one's number; matched by grant, both would have won.
A batch of one uses the plain statement: arrays would cost it twice as much.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from evergrant.core.facts import GrantFacts
from evergrant.core.ports.ledger import Done, Superseded
from evergrant.store.sql.hot.line import Row, Statement
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

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

BYTEA, TEXT, INT8, INT4 = 17, 25, 20, 23
_ARRAY_OF: Final = {BYTEA: 1001, TEXT: 1009, INT8: 1016, INT4: 1007}
_SUBJECT: Final = "LEFT JOIN subjects AS s ON s.realm = g.realm AND s.id = g.subject"

_int8 = struct.Struct("!q").pack
_int4 = struct.Struct("!i").pack
_array_head = struct.Struct("!iiIii").pack


@dataclass(frozen=True, slots=True)
class Kind(Generic[Item, Outcome]):
    """A hot statement for one and for many. `types`: of one item's values; `fields`: those values, in binary.

    `repeatable`: whether it may be sent again when its answer was lost. A renewal may have happened: that is said, and
    not tried. `order`: what a batch is sorted by.
    """

    one: Statement
    many: Statement
    types: tuple[int, ...]
    fields: Callable[[Item], tuple[bytes, ...]]
    otherwise: Outcome
    read: Callable[[Row], Outcome]
    order: Callable[[Item], bytes]
    repeatable: bool = True

    def values(self, items: Sequence[Item]) -> Sequence[bytes]:
        """The parameters of `one` or of `many`."""
        if len(items) == 1:
            return self.fields(items[0])
        columns = zip(*map(self.fields, items), strict=True)
        return [array(oid, column) for oid, column in zip(self.types, columns, strict=True)]

    def outcomes(self, rows: Sequence[Row], count: int) -> list[Outcome]:
        """One per item, in the order in which the values were given."""
        found = [self.otherwise] * count
        for row in rows:
            found[row[0] - 1] = self.read(row)
        return found


def array(oid: int, values: Sequence[bytes]) -> bytes:
    """A one-dimensional array without NULLs in PostgreSQL's binary form, of elements in theirs."""
    parts = [_array_head(1, 0, oid, len(values), 1)]
    for value in values:
        parts.append(_int4(len(value)))
        parts.append(value)
    return b"".join(parts)


def _kind(
    name: str,
    types: tuple[int, ...],
    one: str,
    many: str,
    fields: Callable[[Item], tuple[bytes, ...]],
    otherwise: Outcome,
    read: Callable[[Row], Outcome],
    order: Callable[[Item], bytes],
    repeatable: bool = True,
) -> Kind[Item, Outcome]:
    arrays = tuple(_ARRAY_OF[oid] for oid in types)
    return Kind(
        Statement(f"{name}_one".encode(), one, types),
        Statement(f"{name}_many".encode(), many, arrays),
        types,
        fields,
        otherwise,
        read,
        order,
        repeatable,
    )


def _grant_fields(wanted: WantedGrant) -> tuple[bytes, ...]:
    return (wanted.grant_id, wanted.realm.encode())


def _claim_fields(wanted: WantedClaim) -> tuple[bytes, ...]:
    return (wanted.realm.encode(), wanted.kind.encode(), wanted.claim)


def _renewal_fields(wanted: WantedRenewal) -> tuple[bytes, ...]:
    renewal = wanted.renewal
    at = _int8(renewal.at)
    return (
        renewal.grant_id,
        wanted.realm.encode(),
        _int8(renewal.generation),
        _int8(renewal.renewed_at),
        _int8(renewal.to),
        _int4(renewal.key_id),
        _int8(previous_renewed_at(renewal)),
        at,
        _int4(bits_factor(renewal)),
        storable(renewal.caller.user_agent).encode(),
        renewal.caller.address_prefix.encode(),
    )


def _facts(row: Row) -> GrantFacts | None:
    return read_facts(row[1:])


_NO_FACTS: GrantFacts | None = None
_WON: Final[Done | Superseded] = Done()
_LOST: Final[Done | Superseded] = Superseded()

GRANTS: Final = _kind(
    "evergrant_grant",
    (BYTEA, TEXT),
    f"SELECT 1::int8, {GRANT_AND_SUBJECT} FROM grants AS g {_SUBJECT}"  # noqa: S608  column names of our own schema
    " WHERE g.id = $1 AND g.realm = $2",
    f"SELECT w.nr, {GRANT_AND_SUBJECT} FROM unnest($1, $2) WITH ORDINALITY AS w(id, realm, nr)"  # noqa: S608  as above
    f" JOIN grants AS g ON g.id = w.id AND g.realm = w.realm {_SUBJECT}",
    _grant_fields,
    _NO_FACTS,
    _facts,
    lambda wanted: wanted.grant_id,
)

CLAIMS: Final = _kind(
    "evergrant_claim",
    (TEXT, TEXT, BYTEA),
    "SELECT 1::int8 FROM claims WHERE realm = $1 AND kind = $2 AND claim = $3",
    "SELECT w.nr FROM unnest($1, $2, $3) WITH ORDINALITY AS w(realm, kind, claim, nr)"
    " JOIN claims AS c ON c.realm = w.realm AND c.kind = w.kind AND c.claim = w.claim",
    _claim_fields,
    False,
    lambda _: True,
    lambda wanted: wanted.claim,
)

_SET: Final = (
    "UPDATE grants AS g SET generation = {target}, key_id = {key_id}, renewed_at = {at}, used_at = {at},"
    " previous_renewed_at = {previous}, retries = (g.retries * {factor}) % 256,"
    " user_agent = {agent}, address_prefix = {prefix}"
)
_WHERE: Final = (
    " WHERE g.id = {id} AND g.realm = {realm} AND g.state = 'active'"
    " AND g.generation = {was} AND g.renewed_at = {was_at} RETURNING {nr}"
)
_NAMES: Final = ("id", "realm", "was", "was_at", "target", "key_id", "previous", "at", "factor", "agent", "prefix")
_PLAIN: Final = {name: f"${number}" for number, name in enumerate(_NAMES, 1)}
_JOINED: Final = {name: f"w.{name}" for name in _NAMES}

RENEWALS: Final = _kind(
    "evergrant_renew",
    (BYTEA, TEXT, INT8, INT8, INT8, INT4, INT8, INT8, INT4, TEXT, TEXT),
    (_SET + _WHERE).format(**_PLAIN, nr="1::int8"),
    (
        _SET + f" FROM unnest({', '.join(_PLAIN.values())}) WITH ORDINALITY AS w({', '.join(_NAMES)}, nr)" + _WHERE
    ).format(**_JOINED, nr="w.nr"),
    _renewal_fields,
    _LOST,
    lambda _: _WON,
    # Two processes that lock the same grants in different orders would wait for each other.
    lambda wanted: wanted.renewal.grant_id,
    repeatable=False,
)
