"""Servers, broken or whole, as processes of a nursery that are started and killed."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from tests.architecture.repository import ROOT
from tests.support.pids import is_running
from tests.support.ports import free_port
from tests.support.shared_clock import SharedClock
from tests.support.waiting import until
from tests.torture.mutants import doors

READY_WITHIN = 20.0  # seconds


class Nursery:
    """The process that bears them. All of them follow its clock."""

    def __init__(self, folder: Path) -> None:
        self.clock = SharedClock.make(folder)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("EVERGRANT_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.mutants.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**inherited, "PYTHONUNBUFFERED": "1"},
        )

    def bear(self, order: Mapping[str, object]) -> int:
        """The number of the new process."""
        stdin, stdout = cast(IO[str], self._process.stdin), cast(IO[str], self._process.stdout)
        stdin.write(json.dumps(order) + "\n")
        stdin.flush()
        line = stdout.readline()
        assert line, f"the nursery ended with {self._process.wait(20)}"
        (pid,) = json.loads(line)
        return int(pid)

    def end(self) -> None:
        """Nobody is born any more."""
        self._process.communicate(timeout=20)


@contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    """One, until the block ends."""
    made = Nursery(folder)
    try:
        yield made
    finally:
        made.end()


@dataclass(slots=True)
class Build:
    """A server process of the build called `name`, which can be killed and started again on the same data and port."""

    nursery: Nursery
    name: str
    data_dir: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    pid: int | None = None

    @property
    def log_file(self) -> Path:
        """What it said."""
        return self.data_dir.parent / f"{self.data_dir.name}.log"

    def start(self) -> None:
        """Return when it is ready. Raises with its log if it ends or takes too long."""
        settings = {**self.settings, "EVERGRANT_DATA_DIR": str(self.data_dir)}
        order = {
            "build": self.name,
            "arguments": ["serve", "--port", str(self.port), "--workers", "1"],
            "settings": settings,
            "log": str(self.log_file),
            "door": str(self._door),
            "clock": str(self.nursery.clock.offset),
        }
        self.pid = self.nursery.bear(order)
        try:
            until(self._is_ready, what=f"{self.name} is ready", seconds=READY_WITHIN)
        except (TimeoutError, RuntimeError) as problem:
            self.kill()
            raise RuntimeError(f"{problem}\n{self.log_file.read_text(errors='replace')}") from problem

    def kill(self) -> None:
        """End it at once, as a crash does. It may have ended already."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end."""
        self._end(signal.SIGTERM)

    def held(self) -> int:
        """How many requests have come to its door so far."""
        return doors.arrived(self._door)

    def let_go(self) -> None:
        """Let all go on that wait at its door."""
        assert self.pid is not None
        doors.let_go(self.pid)

    @property
    def _door(self) -> Path:
        return self.data_dir.parent / f"door-{self.port}"

    def _end(self, how: signal.Signals) -> None:
        pid, self.pid = self.pid, None
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, how)
            until(lambda: not is_running(pid), what=f"{self.name} has ended")

    def _is_ready(self) -> bool:
        assert self.pid is not None
        if not is_running(self.pid):
            raise RuntimeError(f"{self.name} ended")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz", headers={"Host": f"localhost:{self.port}"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def copied(template: Path, data_dir: Path) -> Path:
    """A data folder like that one."""
    shutil.copytree(template, data_dir)
    return data_dir
