"""`python -m tests.torture`: torture this Evergrant for so many seconds, and say what can be said of it afterwards.

Exit code 1: something was broken, and the evidence was kept in the folder that is named. The same seed makes the same
choices; what the machine makes of them is its own affair.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Final, cast

from tests.torture import report
from tests.torture.campaign import Database
from tests.torture.rounds import Order, Row

PARTS: Final = {
    "campaigns": "tests.torture.rounds:campaigns",
    "crash-points": "tests.torture.crash_points:rounds",
    "failover": "tests.torture.failover.campaign:rounds",
    "mutants": "tests.torture.mutants.table:rounds",
}
"""By name: what runs rounds. Each takes the order and yields a row for each round."""


def main(arguments: list[str]) -> int:
    """The exit code."""
    order, keep = _read(arguments)
    out = report.console()
    out.print(f"seed {order.seed}, evidence in {order.folder}", soft_wrap=True)
    rows: list[Row] = []
    try:
        for name, place in PARTS.items():
            if order.only and name not in order.only:
                continue
            for row in _part(place)(order):
                rows.append(row)
                counted = row.verdict.counted
                found = f"{len(row.verdict.findings)} findings" if row.verdict.findings else "sound"
                out.print(f"{row.name}, seed {row.seed}: {counted['operations']:,} operations, {found}")
    finally:
        report.write(order, rows)
    report.draw(out, order, rows)
    broken = bool(report.whole(rows).findings) or not rows
    if not broken and not keep:
        shutil.rmtree(order.folder, ignore_errors=True)
    return int(broken)


def _part(place: str) -> Callable[[Order], Iterator[Row]]:
    module, _, function = place.partition(":")
    return cast(Callable[[Order], Iterator[Row]], getattr(import_module(module), function))


def _read(arguments: list[str]) -> tuple[Order, bool]:
    reader = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    reader.add_argument("--seconds", type=float, default=120.0, help="how long the campaigns last; default: 120")
    reader.add_argument("--seed", type=int, default=1, help="of every choice; default: 1")
    reader.add_argument("--on", choices=("sqlite", "postgresql", "both"), default="both", help="default: both")
    reader.add_argument("--only", choices=tuple(PARTS), action="append", default=[], help="a part; may be repeated")
    reader.add_argument("--folder", type=Path, help="where the evidence is kept; default: a temporary folder")
    given = reader.parse_args(arguments)
    folder = given.folder or Path(tempfile.mkdtemp(prefix="torture-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # a database server does not run as root, and has its files in it
    databases: tuple[Database, ...] = ("sqlite", "postgresql") if given.on == "both" else (given.on,)
    return Order(given.seconds, given.seed, databases, folder, tuple(given.only)), given.folder is not None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
