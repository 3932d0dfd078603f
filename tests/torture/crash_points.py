"""Every moment at which a piece of work can be cut off by the death of its process: found by running it, not by typing.

A moment is before a statement, before a COMMIT, or after it and before anybody is told. The list is what the run saw.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from evergrant.store.open import open_store
from evergrant.store.upgrade import upgrade
from tests.faults.processes import Process, processes
from tests.support.postgres import launch
from tests.torture.campaign import Database
from tests.torture.conservation import Finding
from tests.torture.ledger import now
from tests.torture.rounds import Order, Row
from tests.torture.verdict import Verdict
from tests.torture.works import WORKS, Work
from tests.world import World

MOST_MOMENTS: Final = 40


@dataclass(frozen=True, slots=True)
class Death:
    """Where a process died, and whether its work was done. `before` None: it lived to the end."""

    moment: int
    before: str | None
    done: bool


async def deaths(nursery: Process, url: str, world: World, work: Work) -> AsyncIterator[Death]:
    """Let the work be begun again and again, each time killed one moment later, until it is not killed any more.

    Raises AssertionError where it was done by half.
    """
    for moment in range(MOST_MOMENTS):
        order = await work.fresh(world)
        (end,) = nursery.ask({**order, "url": url, "realm": world.realm.name, "at": moment})
        assert end["ended"] in (0, -signal.SIGKILL), end
        yield Death(moment, end["before"], await work.is_done(world, order))
        if end["ended"] == 0:
            assert moment > 1, "nothing was killed"
            return
    raise AssertionError(f"the work needs more than {MOST_MOMENTS} touches of the database")


def rounds(order: Order) -> Iterator[Row]:
    """All works on each database, again and again for a quarter of the time; once at least."""
    for on in order.databases:
        folder = order.folder / f"crash-points-{on}"
        folder.mkdir()
        if on == "sqlite":
            yield _all_works(f"sqlite:///{folder / 'evergrant.db'}", on, order)
        else:
            server = launch(folder / "postgresql")
            try:
                yield _all_works(server.new_database(), on, order)
            finally:
                server.crash()


def _all_works(url: str, on: Database, order: Order) -> Row:
    upgrade(url)
    end = now() + order.seconds / len(order.databases) / 4 * 1e6
    row = Row(f"crash points, {on}", order.seed, Verdict())
    figures: dict[str, str] = {}

    async def again_and_again() -> None:
        with processes(1, "tests.faults.nursery") as (nursery,):
            while not figures or now() < end:
                for work in WORKS:
                    figures[work.name] = await _one_work(nursery, url, work, row)

    asyncio.run(again_and_again())
    row.figures = figures
    return row


async def _one_work(nursery: Process, url: str, work: Work, row: Row) -> str:
    """The points of the work, in words, each with what was found after a death there."""
    world = await World.begin(lambda: open_store(url))
    found: list[Death] = []
    try:
        async for death in deaths(nursery, url, world, work):
            found.append(death)
            row.verdict.trials["I10"] += 1
            row.verdict.trials["I12"] += 1
            row.verdict.counted["operations"] += 1
            row.struck["killed at a point"] += death.before is not None
    except AssertionError as half:
        row.verdict.findings.append(Finding("I12", None, f"{work.name}, after {_points(found)}: {half!r}"))
    finally:
        await world.close()
    return _points(found)


def _points(found: Sequence[Death]) -> str:
    """In words: before what a death left nothing, and before what it left all."""
    killed = [death for death in found if death.before is not None]
    undone = [f"{death.before}" for death in killed if not death.done]
    done = [f"{death.before}" for death in killed if death.done]
    return f"{len(killed)} points; not done before {', '.join(undone)}; done from {', '.join(done) or 'nowhere'} on"
