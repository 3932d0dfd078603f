"""A connection to PostgreSQL on the event loop: whoever asks is answered, or told that the connection is lost."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator

import psycopg
import pytest
import uvloop

from evergrant.store.sql.hot.line import Line, Lost, Statement

ONE = Statement(b"one", "SELECT 1::int8", ())
AUTHENTICATED = b"R" + struct.pack("!ii", 8, 0)
READY = b"Z" + struct.pack("!i", 5) + b"I"
PREPARED = b"1" + struct.pack("!i", 4)
FAREWELL = b"SWARNING\0VWARNING\0C57P02\0Mterminating connection\0\0"


class FarewellServer:
    """Speaks as much of PostgreSQL's protocol as it takes to be asked something. Then it does what a crashed one does:

    it sends a warning, and resets the connection, because what it was asked is still unread.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.gone = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        with self._listener, self._listener.accept()[0] as connection:
            connection.recv(4096)  # who is there
            connection.sendall(AUTHENTICATED + READY)
            connection.recv(4096)  # what is to be prepared
            connection.sendall(PREPARED + READY)
            connection.recv(1)  # the first byte of the question
            connection.sendall(b"N" + struct.pack("!i", 4 + len(FAREWELL)) + FAREWELL)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.gone.set()


@pytest.fixture
def server() -> Iterator[FarewellServer]:
    made = FarewellServer()
    made.thread.start()
    yield made
    made.thread.join(10)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_reset_that_comes_with_a_farewell_is_noticed(server: FarewellServer, loop: type) -> None:
    """uvloop tells once of a socket that was reset; what is read at that moment may be the farewell alone."""

    def connect() -> psycopg.Connection[object]:
        where = f"host=127.0.0.1 port={server.port} user=x dbname=x sslmode=disable gssencmode=disable"
        return psycopg.connect(where, autocommit=True)

    async def ask() -> None:
        line = Line(connect, {ONE.name: ONE})
        await line.ready()
        asking = asyncio.ensure_future(line.ask(ONE.name, []))
        await asyncio.sleep(0)
        # The loop stands still until both have arrived, and hears of them at once.
        assert server.gone.wait(10)
        with pytest.raises(Lost):
            await asyncio.wait_for(asking, 10)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(ask())
