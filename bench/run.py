"""Evergrant and others under the same storm, on this machine, one after another and round after round.

    make bench
    make bench ARGS="--rounds 1 --seconds 3 --connections 1,64 --only evergrant-sqlite,oidc-provider"

A whole run writes bench/results (JSON and plots) and the tables of bench/RESULTS.md. With --only, nothing is kept but
the folder that --into names.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench import pages
from bench.checking import checking
from bench.evergrant_server import InDevelopment, OnPostgres, OnSqlite
from bench.floor import floor
from bench.machine import machine
from bench.peers import PEERS, environment
from bench.peers.peer import Peer, Running
from bench.signing_in import beside
from bench.storms import refreshes
from evergrant.cli.benching.running import Plan
from evergrant.cli.benching.scenarios import Scenario
from evergrant.cli.benching.wrk import need_wrk
from evergrant.core.facts import JsonValue

HERE = Path(__file__).parent
RESULTS = HERE / "results"
OURS: Mapping[str, Peer] = {peer.name: peer for peer in (OnSqlite(), OnPostgres())}
SERVERS: Mapping[str, Peer] = {**OURS, **PEERS}
ENDPOINTS = (
    Scenario.REFRESH_OPENID,
    Scenario.CLIENT_CREDENTIALS,
    Scenario.INTROSPECTION,
    Scenario.CODE,
    Scenario.PASSWORD,
)

Say = Callable[[str], None]


@dataclass(slots=True)
class Results:
    """As bench/results/latest.json holds them."""

    machine: dict[str, object]
    asked: dict[str, object]
    floor: list[dict[str, float]] = field(default_factory=list)
    servers: dict[str, dict[str, object]] = field(default_factory=dict)
    rounds: dict[str, list[list[dict[str, object]]]] = field(default_factory=dict)
    endpoints: dict[str, list[dict[str, JsonValue]]] = field(default_factory=dict)
    sign_in_storm: dict[str, dict[str, object]] = field(default_factory=dict)
    checking: dict[str, object] = field(default_factory=dict)

    def data(self) -> dict[str, object]:
        """For JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def main() -> None:
    """Measures, prints the tables, and keeps them."""
    asked = _options()
    need_wrk()
    # Servers and databases are ended on the way out, also when we are told to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    names = asked.only or list(SERVERS)
    others = any(name in PEERS for name in names)
    results = Results(
        machine(peers=others),
        {"rounds": asked.rounds, "seconds": asked.seconds, "connections": list(asked.connections), "servers": names},
    )
    asked.into.mkdir(parents=True, exist_ok=True)
    latest = asked.into / "latest.json"
    with _progress(asked.rounds * len(names) + len(set(names) & OURS.keys()) + 1) as (say, done):
        for number in range(asked.rounds):
            results.floor.append(floor())
            for name in names:
                _storm(results, name, asked, _told(say, f"round {number + 1}, {name}"))
                done()
            latest.write_text(json.dumps(results.data(), indent=1) + "\n")
        for name in [name for name in names if name in OURS]:
            _other_endpoints(results, name, asked, _told(say, name))
            done()
        say("checking tokens")
        results.checking = checking(peers=others)
        done()
    latest.write_text(json.dumps(results.data(), indent=1) + "\n")
    print(pages.tables(results.data()))
    if others:
        subprocess.run([environment.python(), str(HERE / "plot.py"), str(latest), str(asked.into)], check=True)
    if asked.into == RESULTS and not asked.only:
        pages.write(HERE / "RESULTS.md", results.data())


def _told(say: Say, where: str) -> Say:
    return lambda text: say(f"{where}: {text}")


def _storm(results: Results, name: str, asked: argparse.Namespace, say: Say) -> None:
    with _running(name, say) as (running, _):
        results.servers[name] = {"durable": running.durable}
        found = [run.data() for run in refreshes(running, asked.connections, asked.seconds, say)]
    results.rounds.setdefault(name, []).append(found)


def _other_endpoints(results: Results, name: str, asked: argparse.Namespace, say: Say) -> None:
    """What only our own interface can be asked for: client credentials, introspection, codes, passwords."""
    with _running(name, say) as (running, folder), httpx2.Client(timeout=15) as http:
        server = InDevelopment(running, folder / "data")
        plan = Plan(ENDPOINTS, asked.connections, asked.seconds, open_loop=False)
        latency = Plan((Scenario.REFRESH,), (64,), asked.seconds, open_loop=True)
        bench = server.bench(http, say)
        results.endpoints[name] = [dict(figures.data()) for one in (plan, latency) for figures in bench.run(one)]
        results.sign_in_storm[name] = beside(server, http, asked.seconds, say)


@contextmanager
def _running(name: str, say: Say) -> Iterator[tuple[Running, Path]]:
    say("starting")
    with tempfile.TemporaryDirectory(prefix="evergrant-bench-") as made:
        folder = Path(made)
        folder.chmod(0o755)  # PostgreSQL does not run as root, and its files are in here
        running = SERVERS[name].start(folder)
        try:
            yield running, folder
        finally:
            running.stop()


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description="Measure Evergrant beside others on this machine.")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=int, default=5, help="of each run")
    options.add_argument("--connections", type=_numbers, default=(1, 16, 64, 256))
    options.add_argument("--only", type=_names, default=None, help=f"some of {', '.join(SERVERS)}")
    options.add_argument("--into", type=Path, default=None, help="folder for the figures; default: bench/results")
    asked = options.parse_args()
    if asked.into is None:
        asked.into = RESULTS if asked.only is None else Path(tempfile.mkdtemp(prefix="evergrant-figures-"))
    return asked


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in SERVERS:
            raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(SERVERS)}")
    return names


@contextmanager
def _progress(steps: int) -> Iterator[tuple[Say, Callable[[], None]]]:
    columns = (SpinnerColumn(), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.description}", markup=False), transient=True) as progress:
        task = progress.add_task("", total=steps)
        yield lambda text: progress.update(task, description=text), lambda: progress.advance(task)


if __name__ == "__main__":
    main()
