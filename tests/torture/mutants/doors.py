"""A fault that every build has alike: between its judgement and its commit, a request can be held up.

So stalls a process that the machine takes the time away from, at the worst moment. Requests of the user agent `held`
wait at the door of the store, before what they write is sent, until the process is told to let them go.
"""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any, Final

from evergrant.store.sql.realm_store import SqlGrants
from tests.torture.mutants.patching import Anything, swap

HELD: Final = "held"
GO: Final = signal.SIGUSR1


def arrived(file: Path) -> int:
    """How many have come to the door so far."""
    return file.stat().st_size if file.exists() else 0


class Door:
    """Writes a byte into `file` for each that comes; opens for all of them at the signal, and closes behind them."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._waiting: list[asyncio.Event] = []

    def hang(self) -> None:
        """Before what renews and what exchanges."""
        swap(SqlGrants, "renew", self._before)
        swap(SqlGrants, "exchange", self._before)

    def _before(self, verb: Anything) -> Anything:
        async def through(store: Any, step: Any, /, **rest: Any) -> Any:
            if step.caller.user_agent == HELD:
                await self._wait()
            return await verb(store, step, **rest)

        return through

    async def _wait(self) -> None:
        asyncio.get_running_loop().add_signal_handler(GO, self._open)
        self._waiting.append(asyncio.Event())
        with self._file.open("ab") as file:
            file.write(b".")
        await self._waiting[-1].wait()

    def _open(self) -> None:
        waiting, self._waiting[:] = list(self._waiting), []
        for one in waiting:
            one.set()


def let_go(pid: int) -> None:
    """Open the door of that process."""
    os.kill(pid, GO)
