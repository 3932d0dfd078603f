"""There is no room to write, or no right to: refused clearly, nothing acknowledged is lost, and then it goes on."""

import asyncio
import os
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

from tests.faults.line import Answer, Line
from tests.faults.stock import Stock
from tests.faults.storm import Chain, storm
from tests.support.server import Server, StartServer

CLIENTS = 16
NO_ROOM = 4096
"""Bytes that a file may have: SQLite's log is longer after one commit, and a server's log soon."""


@contextmanager
def no_room_for(server: Server) -> Iterator[None]:
    """The kernel refuses the process to write beyond the first bytes of any file, as a full disk does."""
    assert server.process is not None
    before = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (NO_ROOM, before[1]))
    yield
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, before)


def test_a_full_disk_costs_nobody_a_token(start_server: StartServer) -> None:
    """The server's own log is on the same disk: not being able to write it stops nobody either."""
    server = start_server()
    stock = Stock.of(server)

    with storm([server.port], stock.program, stock.tokens(CLIENTS)) as clients:
        clients.everybody_is_told("200")
        with no_room_for(server):
            clients.everybody_is_told("503")
            stock.assert_kept(clients.chains)
            assert server.status_of("/healthz") == 200
        clients.everybody_is_told("200")
    server.kill()
    server.start()

    clients.assert_no_complaint()
    assert clients.told("lost") == 0
    stock.assert_kept(clients.chains)
    stock.assert_no_alarm(clients.chains)
    with closing(sqlite3.connect(server.data_dir / "evergrant.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


# Files are not read-only to root, unless it gives up what makes it root.
_CAPABILITIES: Final = "-dac_override,-dac_read_search"
AS_ANYBODY: Final = () if os.geteuid() else ("setpriv", "--bounding-set", _CAPABILITIES, "--inh-caps", _CAPABILITIES)


def test_a_read_only_database_is_named_to_the_operator_and_answers_what_it_can(start_server: StartServer) -> None:
    """A volume that was mounted read-only, or a file that belongs to somebody else after a restore."""
    server = start_server()
    stock = Stock.of(server)
    (chain,) = map(Chain, stock.tokens(1))
    server.stop()
    file = server.data_dir / "evergrant.db"

    file.chmod(0o400)
    server.within = AS_ANYBODY
    server.start()
    refused = asyncio.run(refresh(server, stock, chain))
    server.stop()

    refused.assert_unavailable()
    assert "SQLITE_READONLY" in server.log()
    for each in server.data_dir.glob("evergrant.db*"):
        each.chmod(0o600)  # SQLite's side files have the mode that the file had
    server.start()
    chain.hear(asyncio.run(refresh(server, stock, chain)))
    assert (chain.acknowledged, chain.complaints) == (2, [])


async def refresh(server: Server, stock: Stock, chain: Chain) -> Answer:
    """One client's next request."""
    line = Line(server.port)
    try:
        return await line.refresh(stock.program, chain.token)
    finally:
        await line.hang_up()
