"""Short campaigns: several faults at once on real servers, and nothing that was promised is broken."""

import tempfile
from itertools import islice
from pathlib import Path

import pytest

from tests.support import run as test_run
from tests.support.postgres import PostgresServer
from tests.torture.campaign import STRIKES, Database, Plan, Result, Strike, run, strikes_of
from tests.torture.faults.answers import HangUps, RoughWires
from tests.torture.faults.database_down import PostgresDown
from tests.torture.faults.killing import ServerKilled, WorkerKilled
from tests.torture.faults.refusing import DiskFull
from tests.torture.stage import Cast

SEED = 20
CAST = Cast(clients=12, sessions=80)


@pytest.fixture
def folder() -> Path:
    """Of the run, to which everybody has access: PostgreSQL is not run by us."""
    return Path(tempfile.mkdtemp(prefix="torture-", dir=test_run.folder()))


def assert_sound(result: Result) -> None:
    """Nothing was broken, and all that ought to happen did."""
    verdict = result.verdict
    assert verdict.findings == [], (f"seed {result.plan.seed}", verdict.findings[:5])
    strikes = [fault.name for strike in result.plan.strikes or () for fault in strike]
    assert sorted(result.struck.elements()) == sorted(strikes)
    assert verdict.trials["I1"] > 100, verdict.counted
    assert verdict.counted["unknown"] > 20, verdict.counted
    assert sum(times for what, times in result.spoilt.items() if what.startswith("cut")) > 0, result.spoilt
    for invariant in ("I2", "I3", "I4", "I5", "I6", "I7", "I8", "I10", "I11", "I12"):
        assert verdict.trials[invariant] > 0, invariant


@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
def test_a_seed_says_what_strikes_and_each_fault_has_its_turn(on: Database) -> None:
    plan = Plan(on, SEED, clocks=True)
    turns = len(STRIKES[on])

    chosen = list(islice(strikes_of(plan), 3 * turns))

    assert chosen == list(islice(strikes_of(plan), 3 * turns))
    assert chosen != list(islice(strikes_of(Plan(on, SEED + 1, clocks=True)), 3 * turns))
    assert {strike[-1] for strike in chosen[:turns]} == set(STRIKES[on])


def test_nothing_is_broken_on_sqlite(folder: Path) -> None:
    """S-047, R-002: kill -9, lost answers, impatient clients, a full disk."""
    killed = ServerKilled(everybody=True, name="the server killed")
    strikes: list[Strike] = [(RoughWires(),), (HangUps(), DiskFull()), (RoughWires(), killed)]

    assert_sound(run(Plan("sqlite", SEED, strikes=strikes, cast=CAST), folder))


def test_nothing_is_broken_on_postgresql(folder: Path, private_postgres: PostgresServer) -> None:
    """S-047, R-002: two servers with three workers; one is killed, and then PostgreSQL, all its processes at once."""
    killed = PostgresDown(kill=True, name="PostgreSQL killed")
    strikes: list[Strike] = [(RoughWires(), WorkerKilled()), (HangUps(), killed)]

    assert_sound(run(Plan("postgresql", SEED, strikes=strikes, cast=CAST), folder, private_postgres))
