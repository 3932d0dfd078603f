"""The store does not answer and does not fail: nobody waits for ever, nothing piles up, nobody loses a token. S-047"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]  # it has no types
import psycopg
import pytest

from tests.faults.crowd import ask, hang_up_on, refresh_each
from tests.faults.processes import processes
from tests.faults.stock import Stock
from tests.faults.storm import Chain, storm
from tests.faults.wire import Wire
from tests.support.postgres import PostgresServer
from tests.support.server import Server, StartServer

CLIENTS = 64
IMPATIENT = 200
HANG_UPS = 8
MOST_MEMORY = 64 * 1024 * 1024
"""Bytes that the server may grow by while 1,600 requests are left behind in it and 64 wait: far more than it should."""

KINDS = ("sqlite: locked", "postgresql: locked", "postgresql: frozen")


@dataclass(frozen=True, slots=True)
class Stalling:
    """A server, and how its store stops answering for a while."""

    server: Server
    stall: Callable[[], AbstractContextManager[None]]


@pytest.fixture(params=KINDS)
def stalling(request: pytest.FixtureRequest, start_server: StartServer) -> Iterator[Stalling]:
    """A server process on a store that can be made to stall."""
    if request.param.startswith("sqlite"):
        server = start_server()
        yield Stalling(server, lambda: locked_file(server))
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    url = postgres.new_database()
    with Wire(postgres.port).open() as wire:
        through = url.replace(f":{postgres.port}/", f":{wire.port}/")
        # One process, so that it is this one's memory that is looked at.
        server = start_server("--workers", "1", settings={"EVERGRANT_DATABASE__URL": through})
        yield Stalling(server, wire.frozen if "frozen" in request.param else lambda: locked_table(url))
        server.kill()


@contextmanager
def locked_file(server: Server) -> Iterator[None]:
    """Somebody left a transaction open in a shell: asking goes on, writing waits."""
    with processes(1, "tests.faults.locker", str(server.data_dir / "evergrant.db")) as (shell,):
        assert shell.hear() == ["locked"]
        yield


@contextmanager
def locked_table(url: str) -> Iterator[None]:
    """A migration of somebody's: neither asking nor writing goes on."""
    with psycopg.connect(url.replace("+psycopg", "")) as holder:
        holder.execute("LOCK TABLE grants IN ACCESS EXCLUSIVE MODE")
        yield
        holder.rollback()


def test_a_store_that_stalls_costs_patience_and_nothing_else(stalling: Stalling) -> None:
    server = stalling.server
    stock = Stock.of(server)
    left_behind = stock.tokens(IMPATIENT)
    assert server.process is not None
    process = psutil.Process(server.process.pid)

    with storm([server.port], stock.program, stock.tokens(CLIENTS)) as clients:
        clients.everybody_is_told("200")
        before = process.memory_info().rss
        with stalling.stall():
            asyncio.run(hang_up_on(server.port, stock.program, left_behind, times=HANG_UPS))
            for path in ("/healthz", "/jwks", "/.well-known/openid-configuration"):
                assert asyncio.run(ask(server.port, path)).status == 200, path
            clients.everybody_is_told("503")
            assert process.memory_info().rss - before < MOST_MEMORY
        clients.everybody_is_told("200")
        successors = asyncio.run(refresh_each(server.port, stock.program, left_behind))

    clients.assert_no_complaint()
    assert clients.told("lost") == 0
    stock.assert_kept(clients.chains)
    assert len(asyncio.run(refresh_each(server.port, stock.program, successors))) == IMPATIENT
    stock.assert_no_alarm([*clients.chains, *map(Chain, left_behind)])
