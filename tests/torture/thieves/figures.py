"""Thousands of thefts and of honest days, on all cores, and what they come to. The same seed gives the same figures."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from evergrant.core.policy import DAY, MINUTE, SECOND, Policy, Streak
from evergrant.core.reasons import Reason
from tests.torture.thieves.honest import OTHER_PROGRAM, Days, Life, live
from tests.torture.thieves.simulation import Situation, Theft, thefts
from tests.torture.thieves.strategies import (
    DISGUISED,
    JUST_AFTER,
    LOCKED,
    OTHER_FAMILY,
    PERIODIC,
    RANDOM,
    RESTRAINED,
    SAME_PERIOD,
    STRATEGIES,
    VICTIM,
    Strategy,
)
from tests.unit.core.cases import CONFIDENTIAL

HOUR: Final = 60 * MINUTE
WINDOWS: Final = (0, 60 * SECOND, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE)
OUTAGES: Final = (5 * SECOND, 30 * SECOND, 2 * MINUTE)
LOSSES: Final = (0.0, 0.01, 0.05, 0.10)
CHUNK: Final = 100
DAYS_ON_END: Final = 2

ORDINARY: Final = Situation()
NEAR: Final = replace(ORDINARY, thief=VICTIM)
SECRET_LOST: Final = replace(ORDINARY, client=CONFIDENTIAL)
BRANCHING: Final = replace(ORDINARY, retries_bring="branch")
PLAIN: Final = replace(ORDINARY, policy=Policy(streak=Streak.OFF))
SLEEPING: Final = replace(ORDINARY, away=8 * HOUR)
CONTEXTS: Final = {"disguised": DISGUISED, "other family": OTHER_FAMILY}
LIVES: Final = {
    "steady": Life(),
    "roaming": Life(roams=0.5),
    "tabs": Life(programs=(VICTIM,) * 8),
    "two programs": Life(programs=(VICTIM, OTHER_PROGRAM)),
}
COMPARED: Final = (RANDOM, PERIODIC, SAME_PERIOD)
"""What the design compared servers with: exact rhythms, no lost answers."""


@dataclass(frozen=True, slots=True)
class Thefts:
    """Many thefts of one kind. Times in milliseconds from the theft, sorted; `warned`: how many were an event."""

    thefts: int
    warned: int
    noticed_after: tuple[int, ...]
    warned_after: tuple[int, ...]
    tokens: tuple[int, ...]
    held_for: tuple[int, ...]

    @classmethod
    def of(cls, found: Sequence[Theft]) -> "Thefts":
        """Many as one."""
        warned = sorted(theft.warned_after for theft in found if theft.warned_after is not None)
        return cls(
            thefts=len(found),
            warned=len(warned),
            noticed_after=tuple(sorted(t.noticed_after for t in found if t.noticed_after is not None)),
            warned_after=tuple(warned),
            tokens=tuple(sorted(theft.tokens for theft in found)),
            held_for=tuple(sorted(theft.held_for for theft in found)),
        )

    @property
    def unnoticed(self) -> int:
        """How many grants lived on to the horizon."""
        return self.thefts - len(self.noticed_after)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many thefts of each kind: `many` in the main table, `few` where the answer is all or none; days of people."""

    many: int = 10_000
    few: int = 1_000
    days: int = 2_000


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything the page shows, by the names of its rows."""

    seed: str
    sizes: Sizes
    elsewhere: dict[str, Thefts]
    near: dict[str, Thefts]
    secret_lost: dict[str, Thefts]
    contexts: dict[tuple[str, str], Thefts]
    restrained: dict[str, Thefts]
    sleeping: Thefts
    servers: dict[tuple[str, str], Thefts]
    settings: dict[tuple[str, str], Thefts]
    windows: dict[int, Thefts]
    honest: dict[tuple[str, float], Days]
    outages: dict[tuple[int, int], Days]


SETTINGS: Final = {
    "as it comes": ORDINARY,
    "`retry_window` 0": replace(ORDINARY, policy=Policy(retry_window=0)),
    "`retry_window` 5 min": replace(ORDINARY, policy=Policy(retry_window=5 * MINUTE)),
    "`retry_window` 15 min": replace(ORDINARY, policy=Policy(retry_window=15 * MINUTE)),
    "`streak = event`": replace(ORDINARY, policy=Policy(streak=Streak.EVENT)),
    "refreshed every 5 min": replace(ORDINARY, interval=5 * MINUTE),
    "refreshed every hour": replace(ORDINARY, interval=HOUR),
}
SERVERS: Final = {
    "a branch for each retry": replace(BRANCHING, slack=0, lost=0),
    "the same successor": replace(PLAIN, slack=0, lost=0),
    "the same successor, and the streak": replace(ORDINARY, slack=0, lost=0),
}

Told = Callable[[str], None]


class Campaign:
    """Takes figures, in chunks, with as many processes as `pool` has."""

    def __init__(self, pool: Executor, seed: str, tell: Told) -> None:
        self._pool = pool
        self._seed = seed
        self._tell = tell

    def take(self, sizes: Sizes) -> Figures:
        """All of them."""
        few = sizes.few
        return Figures(
            seed=self._seed,
            sizes=sizes,
            elsewhere={s.name: self.rob(s, ORDINARY, sizes.many) for s in STRATEGIES},
            near={s.name: self.rob(s, NEAR, few) for s in STRATEGIES},
            secret_lost={s.name: self.rob(s, SECRET_LOST, few) for s in STRATEGIES},
            contexts={
                (name, s.name): self.rob(s, replace(ORDINARY, thief=caller), few)
                for name, caller in CONTEXTS.items()
                for s in LOCKED
            },
            restrained={s.name: self.rob(s, ORDINARY, few) for s in RESTRAINED},
            sleeping=self.rob(PERIODIC, SLEEPING, few),
            servers={
                (name, s.name): self.rob(s, situation, few * 5) for name, situation in SERVERS.items() for s in COMPARED
            },
            settings={
                (name, s.name): self.rob(s, situation, few)
                for name, situation in SETTINGS.items()
                for s in (PERIODIC, JUST_AFTER)
            },
            windows={w: self.rob(PERIODIC, replace(ORDINARY, policy=Policy(retry_window=w)), few) for w in WINDOWS},
            honest={
                (name, lost): self.watch(replace(life, lost=lost), sizes.days // len(life.programs))
                for name, life in LIVES.items()
                for lost in LOSSES
            },
            outages={
                (outage, window): self.watch(
                    Life(lost=0.01, outage=outage, policy=Policy(retry_window=window)), sizes.days // 4
                )
                for outage in OUTAGES
                for window in WINDOWS
            },
        )

    def rob(self, strategy: Strategy, situation: Situation, number: int) -> Thefts:
        """So many thefts of one kind."""
        self._tell(f"{number} thefts: {strategy.name}, thief {situation.thief}")
        parts = _chunks(number, CHUNK)
        jobs = [self._pool.submit(thefts, strategy, situation, self._seed, part) for part in parts]
        return Thefts.of([theft for job in jobs for theft in job.result()])

    def watch(self, life: Life, days: int) -> Days:
        """So many days of honest people."""
        self._tell(f"{days} honest days: {len(life.programs)} programs, {life.lost:.0%} lost, {life.outage} ms away")
        parts = _chunks(max(1, days // DAYS_ON_END), CHUNK // 4)
        jobs = [self._pool.submit(lives, life, self._seed, part) for part in parts]
        return together(job.result() for job in jobs)


def lives(life: Life, seed: str, people: range) -> Days:
    """Some days of each of these people."""
    return together(live(life, DAYS_ON_END, Random(f"{seed}/honest/{number}")) for number in people)


def together(parts: Iterable[Days]) -> Days:
    """Many days as one."""
    sum_of = Days(0, 0, Counter[Reason]())
    for part in parts:
        sum_of.days += part.days
        sum_of.refreshes += part.refreshes
        sum_of.ends += part.ends
    return sum_of


def heir(policy: Policy) -> int:
    """How long a thief lives on a session that its owner has left for good, refreshing daily; milliseconds."""
    lonely = replace(ORDINARY, policy=policy, interval=DAY, away=2 * policy.refresh_token_lifetime)
    (theft,) = thefts(SAME_PERIOD, replace(lonely, horizon=2 * policy.refresh_token_lifetime), "heir", range(1))
    return theft.held_for


def _chunks(number: int, size: int) -> Iterator[range]:
    for first in range(0, number, size):
        yield range(first, min(number, first + size))
