"""Bears processes that die in the middle of their work: `python -m tests.faults.nursery URL REALM`.

It has no thread and no connection of its own, so its children can be forked in milliseconds. Each order names some work
and a moment: before the so manieth statement, with BEGIN and COMMIT counted as the database sees them. Nothing of the
child outlives that moment, as after `kill -9` or a power cut of its machine.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from sqlalchemy import event

from tests.faults.node import carry_out, join
from tests.world import World

SURVIVED = 0


class Moment:
    """Ends the process at its so manieth touch of the database."""

    def __init__(self, last: int) -> None:
        self._left = last

    def passes(self, *_: object) -> None:
        """One more touch."""
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    def watch(self, world: World) -> None:
        """Before every statement and every COMMIT, and after the COMMIT, before anybody is told."""
        store = world.sql_store()
        store.watch(self.passes)
        for engine in dict.fromkeys(store.engines()):
            event.listen(engine, "before_cursor_execute", self.passes)
            event.listen(engine, "commit", self.passes)
            event.listen(engine.pool, "checkin", self.passes)


async def _live(url: str, realm_name: str, order: Mapping[str, Any]) -> None:
    world = await join(url, realm_name)
    await world.issuer.catalog.realm()  # the moments of the work itself are wanted, not those of the start
    Moment(order["at"]).watch(world)
    await carry_out(world, order)


def _bear(url: str, realm_name: str, order: Mapping[str, Any]) -> int:
    """How the child ended: 0, or minus the signal."""
    child = os.fork()
    if child == 0:
        _be_born(url, realm_name, order)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _be_born(url: str, realm_name: str, order: Mapping[str, Any]) -> NoReturn:
    try:
        asyncio.run(_live(url, realm_name, order))
    except BaseException as error:  # noqa: BLE001 - a child must never go on as its parent
        sys.stderr.write(f"{error!r}\n")
        os._exit(1)
    os._exit(SURVIVED)


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps([_bear(sys.argv[1], sys.argv[2], json.loads(line))]) + "\n")
        sys.stdout.flush()
