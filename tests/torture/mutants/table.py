"""Every mutant with what was seen of it, as a table."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.support.postgres import PostgresServer, launch
from tests.torture.conservation import Finding
from tests.torture.mutants.builds import nursery
from tests.torture.mutants.ground import Grounds
from tests.torture.mutants.hunters import HUNTERS
from tests.torture.mutants.hunting import Seen, hunt, hunts
from tests.torture.mutants.mutant import Database, Mutant
from tests.torture.mutants.registry import MUTANTS, WHOLE
from tests.torture.report import console
from tests.torture.rounds import Order, Row
from tests.torture.verdict import Verdict


@dataclass(slots=True)
class Bag:
    """What all hunts brought. `whole`: those after the build that nothing was done to."""

    mutants: list[tuple[Mutant, Seen]] = field(default_factory=list)
    whole: list[tuple[str, Database, Seen]] = field(default_factory=list)

    @property
    def missed(self) -> list[Mutant]:
        """Mutants that the harness did not notice as it should."""
        return [mutant for mutant, seen in self.mutants if mutant.invariant not in seen.invariants]

    def verdict(self) -> Verdict:
        """Of the harness: it is broken where it misses a mutant, or finds fault with the whole build."""
        found = [
            Finding("mutants", None, f"{mutant.name} was not noticed as {mutant.invariant}") for mutant in self.missed
        ]
        for hunter, database, seen in self.whole:
            words = f"{hunter} on {database} finds fault with the whole build"
            found += [Finding(one.invariant, one.grant, f"{words}: {one.words}") for one in seen.findings]
        operations = sum(seen.operations for _, seen in self.mutants) + sum(seen.operations for *_, seen in self.whole)
        return Verdict(found, counted=Counter(operations=operations))


def hunt_all(folder: Path, databases: Sequence[Database], postgres: PostgresServer | None) -> Bag:
    """Every hunter after the whole build, and after its mutants."""
    bag = Bag()
    with nursery(folder) as bearing:
        grounds = Grounds(bearing, folder, postgres)
        for hunter, database in hunts():
            if database in databases:
                bag.whole.append((hunter, database, hunt(grounds, hunter, WHOLE, database)))
        for mutant in MUTANTS:
            if mutant.database in databases:
                bag.mutants.append((mutant, hunt(grounds, mutant.hunter, mutant.name, mutant.database)))
    return bag


def show(bag: Bag, out: Console) -> None:
    """The table."""
    names = ("mutant", "what is broken", "on", "breaks", "hunter", "which needs", "noticed as", "operations")
    table = Table(*names, box=None, padding=(0, 1, 0, 0))
    for mutant, seen in bag.mutants:
        noticed = ", ".join(seen.invariants)
        table.add_row(
            mutant.name,
            mutant.broken,
            mutant.database,
            mutant.invariant,
            mutant.hunter,
            HUNTERS[mutant.hunter].needs,
            f"MISSED ({noticed})" if mutant in bag.missed else noticed,
            str(seen.operations),
        )
    out.print(table)


def rounds(order: Order) -> Iterator[Row]:
    """One round: there is no chance in it, so that another would be the same."""
    folder = order.folder / "mutants"
    folder.mkdir()
    with _postgresql(order) as postgres:
        bag = hunt_all(folder, order.databases, postgres)
    show(bag, console())
    caught = f"{len(bag.mutants) - len(bag.missed)} of {len(bag.mutants)} were caught"
    yield Row("mutants", order.seed, bag.verdict(), folder, figures={"builds that are broken": caught})


@contextmanager
def _postgresql(order: Order) -> Iterator[PostgresServer | None]:
    if "postgresql" not in order.databases:
        yield None
        return
    server = launch(order.folder / "mutants" / "postgresql")
    try:
        yield server
    finally:
        server.crash()
