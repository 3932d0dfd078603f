"""Starts other processes of the tests' own and talks to them in lines of JSON."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, cast

from tests.architecture.repository import ROOT

Answer = Any  # decoded JSON


class Process:
    """A running `python -m module arguments…`."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def tell(self, order: Mapping[str, object]) -> None:
        """Send an order without waiting."""
        stdin = cast(IO[str], self._process.stdin)
        stdin.write(json.dumps(order) + "\n")
        stdin.flush()

    def hear(self) -> list[Answer]:
        """The answer to the oldest order that was not heard yet."""
        line = cast(IO[str], self._process.stdout).readline()
        assert line, f"the process ended with {self._process.wait(20)}"
        return cast(list[Answer], json.loads(line))

    def ask(self, order: Mapping[str, object]) -> list[Answer]:
        """Send an order and wait for its answer."""
        self.tell(order)
        return self.hear()

    def end(self) -> None:
        """Let it finish."""
        self._process.communicate(timeout=20)


@contextmanager
def processes(count: int, module: str, *arguments: str) -> Iterator[list[Process]]:
    """So many of them, ended when the block ends."""
    started = [Process(module, *arguments) for _ in range(count)]
    try:
        yield started
    finally:
        for process in started:
            process.end()
