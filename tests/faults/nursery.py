"""Bears processes that die in the middle of their work: `python -m tests.faults.nursery`.

It has no thread and no connection of its own, so its children can be forked in milliseconds. Each order names a
database, a realm, some work and a moment: before the so manieth statement, with BEGIN and COMMIT counted as the
database sees them. Nothing of the child outlives that moment, as after `kill -9` or a power cut of its machine.
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
    """Ends the process at its so manieth touch of the database, and writes down before what that was."""

    def __init__(self, last: int, told: int) -> None:
        self._left = last
        self._told = told  # a file descriptor
        self._has_written = False

    def passes(self, what: str) -> None:
        """One more touch."""
        if self._left == 0:
            os.write(self._told, what.encode())
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    def watch(self, world: World) -> None:
        """Before every statement and every COMMIT, and after the COMMIT, before anybody is told."""
        store = world.sql_store()
        store.watch(lambda text: self.passes(_short(text)))
        for engine in dict.fromkeys(store.engines()):
            event.listen(engine, "before_cursor_execute", self._statement)
            event.listen(engine, "commit", self._commit)
            event.listen(engine.pool, "checkin", self._given_back)

    def _statement(self, _connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        self.passes(_short(text))

    def _commit(self, _: Any) -> None:
        self.passes("COMMIT")
        self._has_written = True

    def _given_back(self, *_: Any) -> None:
        if self._has_written:
            self.passes("committed")
        self._has_written = False


def _short(statement: str) -> str:
    """Its verb and its table."""
    words = statement.replace('"', " ").split()
    if words[0] == "--":
        return " ".join(words[1:])
    place = next((words[at + 1] for at, word in enumerate(words) if word in ("FROM", "INTO", "UPDATE", "TABLE")), "")
    return f"{words[0]} {place}".strip()


async def _live(order: Mapping[str, Any], told: int) -> None:
    world = await join(order["url"], order["realm"])
    await world.issuer.catalog.realm()  # the moments of the work itself are wanted, not those of the start
    if order["do"] == "sign_out":
        await world.sign_in("a b", user=order["user"])  # whoever leaves has to be there
    Moment(order["at"], told).watch(world)
    await carry_out(world, order)


def _bear(order: Mapping[str, Any]) -> dict[str, Any]:
    """How the child ended: 0, or minus the signal; and before what."""
    listening, told = os.pipe()
    child = os.fork()
    if child == 0:
        _be_born(order, told)
    os.close(told)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with os.fdopen(listening) as words:
        return {"ended": ended, "before": words.read() or None}


def _be_born(order: Mapping[str, Any], told: int) -> NoReturn:
    try:
        asyncio.run(_live(order, told))
    except BaseException as error:  # noqa: BLE001 - a child must never go on as its parent
        sys.stderr.write(f"{error!r}\n")
        os._exit(1)
    os._exit(SURVIVED)


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps([_bear(json.loads(line))]) + "\n")
        sys.stdout.flush()
