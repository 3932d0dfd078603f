"""What the hot statements have in common: what is asked, the columns that come back, and how they are read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from evergrant.core.facts import GrantFacts
from evergrant.core.ports.ledger import Renewal
from evergrant.protocol.values import GrantId, RealmId
from evergrant.store.schema import grants
from evergrant.store.sql.rows.columns import Row
from evergrant.store.sql.rows.grants import read_grant
from evergrant.store.sql.rows.people import SUBJECT_COLUMNS, read_subject

Observer = Callable[[str], None]
"""Told the text of each statement before it is sent, and COMMITTED after; for tests that count, disturb or kill."""

COMMITTED: Final = "-- committed"
"""It is durable, and nobody was answered yet."""


@dataclass(frozen=True, slots=True)
class WantedGrant:
    """A question for a grant and its subject."""

    realm: RealmId
    grant_id: GrantId


@dataclass(frozen=True, slots=True)
class WantedClaim:
    """A question whether something single-use was used."""

    realm: RealmId
    kind: str
    claim: bytes


@dataclass(frozen=True, slots=True)
class WantedRenewal:
    """A renewal without events."""

    realm: RealmId
    renewal: Renewal


_WIDTH: Final = len(grants.columns)
GRANT_AND_SUBJECT: Final = ", ".join(
    (*(f'g."{column.name}"' for column in grants.columns), *(f's."{column.name}"' for column in SUBJECT_COLUMNS))
)
"""For a SELECT from `grants AS g LEFT JOIN subjects AS s`."""


def read_facts(row: Row) -> GrantFacts:
    """From a row of GRANT_AND_SUBJECT; the subject's columns are NULL where it is gone."""
    subject = row[_WIDTH:]
    return GrantFacts(read_grant(row[:_WIDTH]), None if subject[0] is None else read_subject(subject))


def bits_factor(renewal: Renewal) -> int:
    """What the retry bits are multiplied by: one bit for each of the last eight generations; 0 forgets them all."""
    return 0 if renewal.adopts else 2


def previous_renewed_at(renewal: Renewal) -> int:
    """The condition says what the stored value is, so it need not be read."""
    return renewal.at if renewal.adopts else renewal.renewed_at
