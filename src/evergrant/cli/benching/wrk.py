"""Runs wrk, the cheapest generator that can carry a refresh token forward, and reads what it saw."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from evergrant.cli.benching.figures import Driven
from evergrant.cli.failures import Failure

LUA: Final = Path(__file__).with_name("storm.lua")
MOST_THREADS: Final = 2
_SPARE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Storm:
    """What is sent: `prefix` + an item + `suffix` is the body. The items are secrets, and so may the rest be.

    `chain`: each item serves once, and the refresh token in its answer is the next one. `circle`: over and over.
    An answer counts that is 200 and holds `expect`.
    """

    path: str
    kind: Literal["chain", "circle"]
    items: Sequence[str] = field(repr=False)
    prefix: str = field(default="", repr=False)
    suffix: str = field(default="", repr=False)
    expect: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def need_wrk() -> str:
    """Where wrk is. Raises Failure."""
    found = shutil.which("wrk")
    if found is None:
        raise Failure("wrk, which sends the requests, is not installed", "Install it: apt install wrk")
    return found


def drive(base_url: str, storm: Storm, connections: int, seconds: int, threads: int | None = None) -> Driven:
    """A closed loop: each connection sends when it has its answer. Raises Failure if wrk does not do its work."""
    # wrk gives each thread the same number of connections, rounded down.
    threads = threads or (MOST_THREADS if connections > 1 and connections % MOST_THREADS == 0 else 1)
    with tempfile.TemporaryDirectory(prefix="evergrant-bench-") as folder:
        # In a file of ours alone, and not among the arguments: those are everybody's to read.
        work = Path(folder) / "work"
        work.write_text("".join(f"{line}\n" for line in _facts(storm, threads)), encoding="ascii")
        command = [need_wrk(), f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
        before = _children_cpu_s()
        try:
            done = subprocess.run(  # noqa: S603  wrk with numbers, our own script and an address that was checked
                [*command, "--script", str(LUA), base_url],
                env={**os.environ, "EVERGRANT_BENCH_WORK": str(work)},
                capture_output=True,
                text=True,
                timeout=seconds + _SPARE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Failure(f"wrk did not end within {seconds + _SPARE_S:.0f} s") from None
        return _read(done, _children_cpu_s() - before)


def _facts(storm: Storm, threads: int) -> list[str]:
    return [
        f"threads {threads}",
        f"path {storm.path}",
        f"kind {storm.kind}",
        f"expect {storm.expect}",
        f"prefix {storm.prefix}",
        f"suffix {storm.suffix}",
        *(f"header {name}: {value}" for name, value in storm.headers.items()),
        *(f"item {item}" for item in storm.items),
    ]


def _read(done: subprocess.CompletedProcess[str], cpu_s: float) -> Driven:
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode != 0 or not lines:
        told = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Failure(f"wrk failed: {told[0] if told else done.returncode}")
    told_by_wrk = json.loads(lines[-1].removeprefix("RESULT "))
    return Driven(
        loop="closed",
        answered=told_by_wrk["answered"],
        refused=told_by_wrk["refused"],
        starved=told_by_wrk["starved"],
        broken=told_by_wrk["broken"],
        seconds=told_by_wrk["microseconds"] / 1e6,
        p50_s=told_by_wrk["p50_us"] / 1e6,
        p99_s=told_by_wrk["p99_us"] / 1e6,
        generator_cpu_s=cpu_s,
        refusal=told_by_wrk["refusal"],
    )


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
