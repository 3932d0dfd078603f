"""What a fail-over cost, counted: the ledger held against what the standby had heard."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import create_engine, func, select

from evergrant.core.facts import EventKind, GrantState
from evergrant.store.schema import events, grants
from tests.torture.ledger import Kind, Micros, Operation


@dataclass(slots=True)
class Figures:
    """Of one fail-over. `renewals`: acknowledged before the cut; `lost`: how many of them the standby did not know.

    `behind`: grants that lost some. `adopted`: how often a token ahead of the store was taken for what it is.
    `first_ms`, `promoted_ms`: from the cut to the first refresh that was answered with 200, and to the standby's first
    write. `replays`: tokens spent in the lost interval that were shown at the end, and were caught.
    """

    renewals: int = 0
    lost: int = 0
    behind: int = 0
    adopted: int = 0
    endings: int = 0
    endings_lost: int = 0
    replays: int = 0
    promoted_ms: int = 0
    first_ms: int = 0

    def add(self, other: "Figures") -> None:
        """Another fail-over's, to this sum; of the times the longer one is kept."""
        for name, value in asdict(other).items():
            mine = getattr(self, name)
            setattr(self, name, max(mine, value) if name.endswith("_ms") else mine + value)


@dataclass(frozen=True, slots=True)
class Row:
    """A grant as a database has it."""

    generation: int
    is_over: bool


def rows(url: str) -> Mapping[str, Row]:
    """Every grant of a database, by its id in hexadecimal."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            found = connection.execute(select(grants.c.id, grants.c.generation, grants.c.state))
            return {row.id.hex(): Row(row.generation, row.state == GrantState.REVOKED) for row in found}
    finally:
        engine.dispose()


def adoptions(url: str) -> int:
    """How many events say that the store was behind what we had signed."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            behind = select(func.count()).select_from(events).where(events.c.kind == EventKind.STORE_BEHIND)
            return int(connection.execute(behind).scalar_one())
    finally:
        engine.dispose()


def compare(figures: Figures, answered: Iterable[Operation], heard: Mapping[str, Row]) -> None:
    """Count what was answered, and what of it the standby knows. Told before anybody could be answered by it."""
    newest: Counter[str] = Counter()
    over: set[str] = set()
    for one in answered:
        told, grant = one.told, one.asked.grant
        if told is None or one.asked.stranger:
            continue
        if told.generation is not None:
            figures.renewals += told.generation == one.asked.generation + 1
            newest[grant] = max(newest[grant], told.generation)
        if told.error == "invalid_grant" or (one.asked.kind is Kind.REVOKE and told.status == 200):
            over.add(grant)
    missing = [newest[grant] - heard[grant].generation for grant in newest]
    figures.lost = sum(max(0, count) for count in missing)
    figures.behind = sum(count > 0 for count in missing)
    figures.endings = len(over)
    figures.endings_lost = sum(not heard[grant].is_over for grant in over)


def first_refresh(operations: Iterable[Operation], cut: Micros) -> Micros | None:
    """When the first refresh that was asked for after the cut brought a token."""
    ends = [
        one.end for one in operations if one.begin > cut and one.told is not None and one.told.generation is not None
    ]
    return min(ends, default=None)
