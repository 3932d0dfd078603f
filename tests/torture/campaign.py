"""A campaign: clients at work, faults that strike them one after another and together, and the verdict at the end."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Final, Literal

from tests.support.postgres import PostgresServer
from tests.torture.conservation import Finding
from tests.torture.faults.answers import HangUps, RoughWires
from tests.torture.faults.clocks import ClocksApart
from tests.torture.faults.database_down import PostgresDown
from tests.torture.faults.fault import Fault
from tests.torture.faults.killing import ServerKilled, WorkerKilled
from tests.torture.faults.refusing import DatabaseReadOnly, DiskFull, FileReadOnly, NoConnections
from tests.torture.faults.scene import Scene
from tests.torture.faults.stalling import FileLocked, WireFrozen
from tests.torture.ledger import Ledger, now
from tests.torture.stage import Cast, on_postgresql, on_sqlite
from tests.torture.verdict import Verdict, judge

Database = Literal["sqlite", "postgresql"]

STRIKES: Final[dict[Database, tuple[Fault, ...]]] = {
    "sqlite": (ServerKilled(everybody=True, name="the server killed"), FileLocked(), DiskFull(), FileReadOnly()),
    "postgresql": (
        WorkerKilled(),
        ServerKilled(everybody=False, name="one server killed"),
        ServerKilled(everybody=True, name="all servers killed"),
        PostgresDown(kill=False, name="PostgreSQL stopped at once"),
        PostgresDown(kill=True, name="PostgreSQL killed"),
        WireFrozen(),
        DatabaseReadOnly(),
        NoConnections(),
    ),
}
"""One at a time."""

SURROUNDINGS: Final[tuple[Fault, ...]] = (RoughWires(), HangUps())
"""Any of them around a strike."""

CLOCKS: Final = ClocksApart()

CALM: Final = (20, 600)
"""So many answers without a fault lie between two strikes, at least and at most."""

Strike = tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """`strikes`: faults that last together, one group after another; None: chance chooses, until the seconds are over.

    `clocks`: the servers' clocks can be moved, which costs them some speed.
    """

    on: Database
    seed: int
    seconds: float = 30.0
    strikes: Sequence[Strike] | None = None
    cast: Cast = field(default_factory=Cast)
    clocks: bool = False


@dataclass(slots=True)
class Result:
    """`struck`: how often which fault lasted. `recoveries`: seconds until all were answered again, for each."""

    plan: Plan
    verdict: Verdict
    struck: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    spoilt: Counter[str] = field(default_factory=Counter)  # by the rough wires


def run(plan: Plan, folder: Path, postgres: PostgresServer | None = None) -> Result:
    """One campaign, in a folder of its own. What was written there is evidence: the caller decides when it goes."""
    ledger = Ledger(folder / "ledger.jsonl")
    with _scene(plan, folder, postgres, ledger) as scene:
        result = Result(plan, Verdict(), recoveries=scene.recoveries)
        try:
            with scene.crowd.at_work():
                scene.crowd.is_told("200", 50)
                _strike(plan, scene, result)
            scene.crowd.settle()
        except TimeoutError as waited:
            result.verdict.findings.append(Finding("recovery", None, str(waited)))
        for wire in scene.rough_wires:
            result.spoilt += wire.done
        for server in scene.servers:
            server.stop()
        ledger.close()
        secrets = scene.crowd.secrets
        result.verdict.add(judge(ledger, scene.stock.url, scene.servers[0].log_file, secrets))
    (folder / "verdict.json").write_text(json.dumps(_told(result), indent=2))
    return result


def _scene(plan: Plan, folder: Path, postgres: PostgresServer | None, ledger: Ledger) -> AbstractContextManager[Scene]:
    if plan.on == "sqlite":
        return on_sqlite(folder, ledger, plan.cast, plan.seed, clocks=plan.clocks)
    assert postgres is not None
    return on_postgresql(folder, postgres, ledger, plan.cast, plan.seed, clocks=plan.clocks)


def _strike(plan: Plan, scene: Scene, result: Result) -> None:
    end = now() + plan.seconds * 1e6
    for strike in plan.strikes if plan.strikes is not None else strikes_of(plan):
        if plan.strikes is None:
            if now() > end:
                return
            scene.crowd.is_told("200", scene.chance.randint(*CALM))
        with ExitStack() as together:
            for fault in strike:
                together.enter_context(fault.lasting(scene))
                result.struck[fault.name] += 1
        scene.recovered()


def strikes_of(plan: Plan) -> Iterator[Strike]:
    """For ever: every strike once in each round, in an order of chance, with surroundings of chance."""
    chance = Random(f"{plan.seed}/strikes")
    for _ in count():
        strikes = list(STRIKES[plan.on])
        for strike in chance.sample(strikes, len(strikes)):
            around = [fault for fault in SURROUNDINGS if chance.random() < 0.5]
            clocks = [CLOCKS] if plan.clocks and chance.random() < 0.7 else []
            yield (*clocks, *around, strike)


def _told(result: Result) -> dict[str, object]:
    plan = result.plan
    return {
        "on": plan.on,
        "seed": plan.seed,
        "seconds": plan.seconds,
        "clocks": plan.clocks,
        "cast": asdict(plan.cast),
        "struck": dict(result.struck),
        "spoilt": dict(result.spoilt),
        "recoveries": result.recoveries,
        "verdict": result.verdict.as_json(),
    }
