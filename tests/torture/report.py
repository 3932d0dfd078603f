"""What was found, drawn for people and written for programs."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.torture.rounds import Order, Row
from tests.torture.verdict import INVARIANTS, Verdict

_ROUNDS: Final = (
    *("part", "seed", "operations", "renewals", "unknown", "faults", "kills", "cuts"),
    *("back in s", "honest ended", "broken"),
)
MOST_TOLD: Final = 20
WIDTH: Final = 180


def console() -> Console:
    """Where nobody looks at once, lines may be as long as they are."""
    return Console(width=None if sys.stdout.isatty() else WIDTH)


def whole(rows: Sequence[Row]) -> Verdict:
    """Of all rounds together."""
    found = Verdict()
    for row in rows:
        found.add(row.verdict)
    return found


def draw(out: Console, order: Order, rows: Sequence[Row]) -> None:
    """Two tables: a line for each round, and one for each invariant with what can be said of it; then the findings."""
    out.print(_table(_ROUNDS, [_cells(row) for row in rows], words=1))
    verdict = whole(rows)
    lines = [(name, says, *_said(verdict, name)) for name, says in INVARIANTS.items()]
    out.print(_table(("", "invariant", "trials", "broken", "at 95 %, rarer than"), lines, words=2))
    for row in rows:
        for name, figure in row.figures.items():
            out.print(Text(f"{row.name}: {name}: {figure}"), soft_wrap=True)
    for row in rows:
        for finding in row.verdict.findings[:MOST_TOLD]:
            where = f" in {row.folder}" if row.folder else ""
            told = f"{finding.invariant} broken, seed {row.seed}{where}, grant {finding.grant}: {finding.words}"
            out.print(Text(told, style="red"), soft_wrap=True)
    out.print(Text(f"seed {order.seed}: {'nothing was broken' if not verdict.findings else 'see above'}."))


def write(order: Order, rows: Sequence[Row]) -> None:
    """`verdict.json` in the folder of the run; each round's own evidence is in a folder below it."""
    verdict = whole(rows)
    told = {
        "seed": order.seed,
        "seconds": order.seconds,
        "databases": order.databases,
        "only": order.only,
        "rounds": [_row(row) for row in rows],
        "verdict": verdict.as_json(),
    }
    (order.folder / "verdict.json").write_text(json.dumps(told, indent=2))


def _table(names: Sequence[str], lines: Sequence[Sequence[str]], *, words: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(names):
        table.add_column(name, justify="left" if place < words else "right")
    for line in lines:
        table.add_row(*map(Text, line))
    return table


def _cells(row: Row) -> tuple[str, ...]:
    counted = row.verdict.counted
    figures = (counted["operations"], counted["renewals"], counted["unknown"], row.struck.total(), row.kills, row.cuts)
    back = f"{row.slowest_recovery_s:.1f}" if row.slowest_recovery_s else "–"
    ends = (counted["honest sessions ended"], len(row.verdict.findings))
    return (row.name, str(row.seed), *(f"{figure:,}" for figure in figures), back, *(f"{end:,}" for end in ends))


def _said(verdict: Verdict, name: str) -> tuple[str, str, str]:
    bound = verdict.bound(name)
    broken = sum(finding.invariant == name for finding in verdict.findings)
    return f"{verdict.trials[name]:,}", f"{broken:,}", "–" if bound is None else f"{bound:.1e}"


def _row(row: Row) -> dict[str, object]:
    return {
        "name": row.name,
        "seed": row.seed,
        "folder": None if row.folder is None else row.folder.name,
        "struck": dict(row.struck),
        "kills": row.kills,
        "cuts": row.cuts,
        "slowest_recovery_s": row.slowest_recovery_s,
        "figures": dict(row.figures),
        "counted": dict(row.verdict.counted),
        "findings": [asdict(finding) for finding in row.verdict.findings],
    }
