"""Campaigns of any length: round after round, each with a seed of its own that follows from the first."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from tests.support.postgres import PostgresServer, launch
from tests.torture.campaign import Database, Plan, run
from tests.torture.ledger import now
from tests.torture.stage import Cast
from tests.torture.verdict import Verdict

ROUND_S: Final = 40.0
"""Seconds of faults in a round. Shorter than the retry window, or retries after a long outage would be late."""

CLOCKS_EVERY: Final = 5
"""In one round of so many the clocks move."""


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for. `only`: names of parts; none: all of them."""

    seconds: float
    seed: int
    databases: tuple[Database, ...]
    folder: Path
    only: tuple[str, ...] = ()


@dataclass(slots=True)
class Row:
    """What one round came to. `figures`: besides what the verdict has counted, by name, for people."""

    name: str
    seed: int
    verdict: Verdict
    folder: Path | None = None
    struck: Counter[str] = field(default_factory=Counter)
    cuts: int = 0
    slowest_recovery_s: float = 0.0
    figures: Mapping[str, str] = field(default_factory=dict)

    @property
    def kills(self) -> int:
        """How often processes were ended that nobody had asked to end."""
        return sum(times for name, times in self.struck.items() if "killed" in name or "at once" in name)


def seed_of(first: int, number: int) -> int:
    """The seed of a round."""
    return Random(f"{first}/{number}").randrange(1 << 32)


def campaigns(order: Order) -> Iterator[Row]:
    """On each database in turn, until the seconds are over; one round on each at least."""
    end = now() + order.seconds * 1e6
    share = order.seconds / len(order.databases)
    with _postgresql(order) as postgres:
        number = 0
        while number < len(order.databases) or now() < end:
            on = order.databases[number % len(order.databases)]
            yield _round(order, on, number, min(ROUND_S, share), postgres)
            number += 1


def _round(order: Order, on: Database, number: int, seconds: float, postgres: PostgresServer | None) -> Row:
    seed = seed_of(order.seed, number)
    clocks = (number // len(order.databases)) % CLOCKS_EVERY == CLOCKS_EVERY - 1
    folder = order.folder / f"{number:04}-{on}"
    folder.mkdir()
    plan = Plan(on, seed, seconds, clocks=clocks, cast=Cast(sessions=160 + round(seconds * 12)))
    result = run(plan, folder, postgres)
    return Row(
        f"{on}, clocks move" if clocks else on,
        seed,
        result.verdict,
        folder,
        result.struck,
        sum(result.spoilt.values()),
        max(result.recoveries, default=0.0),
    )


@contextmanager
def _postgresql(order: Order) -> Iterator[PostgresServer | None]:
    if "postgresql" not in order.databases:
        yield None
        return
    server = launch(order.folder / "postgresql")
    try:
        yield server
    finally:
        if server.is_running:
            server.crash()
