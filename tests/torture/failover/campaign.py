"""Fail-overs of every kind, one after another on one pair of servers, until the time is over; and their table."""

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from random import Random
from statistics import median

from rich.table import Table

from tests.torture.failover.figures import Figures
from tests.torture.failover.pair import Pair
from tests.torture.failover.plan import PLANS, Plan
from tests.torture.failover.round import Round, play
from tests.torture.ledger import now
from tests.torture.report import console
from tests.torture.rounds import Order, Row
from tests.torture.verdict import Verdict


def run(seconds: float, seed: int, folder: Path) -> list[Round]:
    """So many rounds as begin within `seconds`, one of each kind at least. A sound round leaves nothing in `folder`."""
    played: list[Round] = []
    end = now() + seconds * 1e6
    folder.chmod(0o755)  # PostgreSQL's own user has to pass
    with Pair.begun(folder) as pair:
        for number, plan in enumerate(_plans(seed)):
            if number >= len(PLANS) and now() > end:
                break
            place = folder / f"round-{number}"
            place.mkdir()
            played.append(play(plan, pair, place))
            (place / "verdict.json").write_text(json.dumps(as_json(played[-1]), indent=2))
            if not played[-1].verdict.findings:
                shutil.rmtree(place)
    (folder / "failover.json").write_text(json.dumps([as_json(one) for one in played], indent=2))
    return played


def rounds(order: Order) -> Iterator[Row]:
    """One fail-over of each kind, or as many as the seconds allow if nothing else was asked for; on PostgreSQL only."""
    if "postgresql" not in order.databases:
        return
    folder = order.folder / "failover"
    folder.mkdir()
    played = run(order.seconds if len(order.only) == 1 else 0.0, order.seed, folder)
    console().print(table(played))
    yield Row(
        "fail-overs", order.seed, verdict_of(played), folder, figures={"standbys that took over": str(len(played))}
    )


def _plans(seed: int) -> Iterator[Plan]:
    """Every kind once in each turn, in an order of chance."""
    chance = Random(f"{seed}/fail-overs")
    for _ in count():
        for replication, cut in chance.sample(PLANS, len(PLANS)):
            yield Plan(chance.randrange(1 << 30), replication, cut)


def as_json(one: Round) -> dict[str, object]:
    """For a file."""
    plan = {name: value for name, value in asdict(one.plan).items() if name != "temper"}
    return {"plan": plan, "figures": asdict(one.figures), "verdict": one.verdict.as_json()}


def verdict_of(rounds: Iterable[Round]) -> Verdict:
    """Of all of them together."""
    sum_ = Verdict()
    for one in rounds:
        sum_.add(one.verdict)
    return sum_


def table(rounds: Sequence[Round]) -> Table:
    """A row for each kind. Times are the median and the longest, in seconds."""
    columns = ("fail-over", "times", "operations", "renewals", "lost", "adopted", "endings", "lost", "replays caught")
    drawn = Table(*columns, "first 200 after", "findings")
    by_name: dict[str, list[Round]] = {}
    for one in rounds:
        by_name.setdefault(one.plan.name, []).append(one)
    for name, same in sorted(by_name.items()):
        figures, counted = Figures(), Counter[str]()
        for one in same:
            figures.add(one.figures)
            counted += one.verdict.counted
        first = median(one.figures.first_ms for one in same)
        shown = (
            figures.renewals,
            figures.lost,
            figures.adopted,
            figures.endings,
            figures.endings_lost,
            figures.replays,
        )
        times = f"{first / 1000:.1f} s, {figures.first_ms / 1000:.1f} s"
        findings = sum(len(one.verdict.findings) for one in same)
        drawn.add_row(name, str(len(same)), str(counted["operations"]), *map(str, shown), times, str(findings))
    return drawn
