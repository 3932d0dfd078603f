"""A wire to a database server that can be frozen: nothing passes, and nobody is told. So looks a stopped machine.

Connections stay open and the kernel goes on confirming what was sent, so that no time-out of TCP helps.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress


class Wire:
    """From a free loopback port of its own to the port of a server."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._flows = asyncio.Event()
        self._ended = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Nothing passes in the block; afterwards what was held up goes on."""
        self._loop.call_soon_threadsafe(self._flows.clear)
        yield
        self._loop.call_soon_threadsafe(self._flows.set)

    @contextmanager
    def open(self) -> Iterator["Wire"]:
        """The wire, until the block ends."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._ended.set)
            thread.join(20)
            assert not thread.is_alive()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._flows.set()
        server = await asyncio.start_server(self._connect, sock=self._listener)
        await self._ended.wait()
        server.close()

    async def _connect(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        # Kept by us: a task that waits for the far end alone, because the near one has gone, is kept by nobody else.
        if task := asyncio.current_task():
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        # Cancelled when the wire ends: a stream's own task would report that as an error.
        with suppress(OSError, asyncio.CancelledError), closing(back):
            await self._flows.wait()
            far, on = await asyncio.open_connection("127.0.0.1", self._to)
            with closing(on):
                await asyncio.gather(self._carry(near, on), self._carry(far, back))

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while some := await source.read(65_536):
                await self._flows.wait()
                sink.write(some)
                await sink.drain()
        finally:
            sink.close()
