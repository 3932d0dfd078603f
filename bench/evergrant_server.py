"""Evergrant as one of those that are measured: on SQLite, and on PostgreSQL with two workers. Everything is on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

import httpx2
import psycopg
import pysqlite3

from bench.peers import database, processes
from bench.peers.peer import Running
from evergrant.app.demo import LEGACY, SERVICE
from evergrant.app.demo_file import DemoFile, read_demo_file
from evergrant.cli.benching.running import Bench
from evergrant.cli.benching.scenarios import Scenario
from evergrant.cli.benching.supply import Means, Supply
from evergrant.cli.benching.target import Watched, find
from evergrant.cli.trying.forms import Person
from evergrant.client.exchange import Identity

READY_WITHIN_S = 60
MOST_GRANTS = 5_000  # of one person at one client: here one person is everybody


@dataclass(frozen=True, slots=True)
class OnSqlite:
    """One process; the database is a file of its own."""

    name: str = "evergrant-sqlite"

    def start(self, folder: Path) -> Running:
        """See `Peer.start`."""
        return _start(self.name, folder, (), {}, _SqliteFile(folder / "data" / "evergrant.db"))


@dataclass(frozen=True, slots=True)
class OnPostgres:
    """Two workers, and a PostgreSQL of its own with Debian's defaults."""

    name: str = "evergrant-postgresql"
    workers: int = 2

    def start(self, folder: Path) -> Running:
        """See `Peer.start`."""
        store = database.start(folder)
        settings = {"EVERGRANT_DATABASE__URL": store.url}
        try:
            return _start(self.name, folder, ("--workers", str(self.workers)), settings, _PostgresServer(store))
        except BaseException:
            store.stop()
            raise


@dataclass(frozen=True, slots=True)
class InDevelopment:
    """What is needed to measure more than refreshes of a running Evergrant."""

    running: Running
    data_dir: Path

    def bench(self, http: httpx2.Client, say: Callable[[str], None]) -> Bench:
        """As `evergrant bench` does it."""
        target = find(http, self.running.url, allow_remote=False)
        demo = _demo(self.data_dir)
        watched = Watched(self.running.pids, self.running.store_pids)
        supplies = {name: Supply(http, target, _means(demo, name), allow_remote=False) for name in (SERVICE, LEGACY)}
        return Bench(
            target, watched, lambda scenario: supplies[LEGACY if scenario is Scenario.PASSWORD else SERVICE], say
        )


class _Store(Protocol):
    @property
    def durable(self) -> str: ...

    @property
    def pids(self) -> tuple[int, ...]: ...

    def rows(self) -> int: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _SqliteFile:
    file: Path
    durable: str = "the renewal: one commit for all that came together, synchronous=FULL"
    pids: tuple[int, ...] = ()

    def rows(self) -> int:
        """Of all tables."""
        connection = pysqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
        try:
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return sum(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names)
        finally:
            connection.close()

    def stop(self) -> None:
        """Nothing to stop."""


@dataclass(frozen=True, slots=True)
class _PostgresServer:
    database: database.Database
    durable: str = "the renewal: one commit for all that came together, fsync on"

    @property
    def pids(self) -> tuple[int, ...]:
        return (self.database.pid,)

    def rows(self) -> int:
        """Of all tables."""
        with psycopg.connect(self.database.url) as connection:
            names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return self.database.rows(*(name for (name,) in names))

    def stop(self) -> None:
        self.database.stop()


def _start(name: str, folder: Path, arguments: tuple[str, ...], settings: Mapping[str, str], store: _Store) -> Running:
    data = folder / "data"
    port = processes.free_port()
    server = processes.launch(
        [sys.executable, "-m", "evergrant", "serve", "--port", str(port), *arguments],
        folder / f"{name}.log",
        cwd=folder,
        environment={
            "EVERGRANT_DATA_DIR": str(data),
            "EVERGRANT_POLICY__MAX_GRANTS": str(MOST_GRANTS),
            **settings,
        },
    )
    url = f"http://localhost:{port}"
    try:
        _wait(server, url)
    except BaseException:
        server.stop()
        raise
    http = httpx2.Client(timeout=15)
    supply = Supply(http, find(http, url, allow_remote=False), _means(_demo(data), SERVICE), allow_remote=False)

    def stop() -> None:
        http.close()
        server.stop()
        store.stop()

    return Running(
        name=name,
        url=url,
        token_path="/token",
        pids=(server.pid,),
        store_pids=store.pids,
        chains=lambda count: _chains(supply, count),
        headers={},
        durable=store.durable,
        rows=store.rows,
        stop=stop,
    )


def _chains(supply: Supply, count: int) -> list[str]:
    client = supply.means.client
    secret = client.secret.reveal() if client.secret else ""
    rest = urlencode({"client_id": client.client_id, "client_secret": secret})
    return [f"{token} {rest}" for token in supply.refresh_tokens(count)]


def _wait(server: processes.Server, url: str) -> None:
    end = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < end and server.process.poll() is None:
        with suppress(httpx2.HTTPError):
            if httpx2.get(f"{url}/readyz").status_code == 200:
                return
        time.sleep(0.05)
    raise RuntimeError(f"It did not start:\n{server.log.read_text(errors='replace')[-4000:]}")


def _demo(data_dir: Path) -> DemoFile:
    demo = read_demo_file(data_dir)
    assert demo is not None, "a first start in development mode writes demo.json"
    return demo


def _means(demo: DemoFile, client_id: str) -> Means:
    return Means(
        Identity(client_id, demo.secrets[client_id]), "http://127.0.0.1/callback", Person(demo.username, demo.password)
    )
