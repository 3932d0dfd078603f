"""A proxy between clients and a server that spoils answers: cuts them, delays them, and sends requests twice.

It reads requests and answers whole, so that it knows where to cut: before the first byte, within the headers, within
the body, or after the last byte and before the client can ask again.
"""

import asyncio
import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.torture.ledger import Ledger

LONGEST_DELAY_S: Final = 0.4
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_OPERATION: Final = re.compile(rb"\r\nx-operation: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Roughness:
    """The share of answers that are cut, of requests that are sent twice, and of answers that are late."""

    cut: float = 0.0
    twice: float = 0.0
    late: float = 0.0


SMOOTH: Final = Roughness()


class RoughWire:
    """From a free loopback port of its own to the port of a server. `done`: how often it did what."""

    def __init__(self, to: int, ledger: Ledger, chance: Random) -> None:
        self.roughness = SMOOTH
        self.done: Counter[str] = Counter()
        self._to = to
        self._ledger = ledger
        self._chance = chance
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._tasks: set[asyncio.Task[None]] = set()

    @contextmanager
    def open(self) -> Iterator["RoughWire"]:
        """The wire, until the block ends."""
        loop, ended = asyncio.new_event_loop(), asyncio.Event()

        def run() -> None:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(self._serve(ended))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(ended.set)
            thread.join(20)
            assert not thread.is_alive()

    async def _serve(self, ended: asyncio.Event) -> None:
        server = await asyncio.start_server(self._connect, sock=self._listener)
        await ended.wait()
        server.close()

    async def _connect(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        self._hold(asyncio.current_task())
        # Cancelled when the wire ends: a stream's own task would report that as an error.
        with suppress(OSError, EOFError, asyncio.CancelledError):
            try:
                far, on = await asyncio.open_connection("127.0.0.1", self._to)
                try:
                    while await self._carry(near, back, far, on):
                        pass
                finally:
                    on.transport.abort()
            finally:
                back.transport.abort()

    async def _carry(
        self,
        near: asyncio.StreamReader,
        back: asyncio.StreamWriter,
        far: asyncio.StreamReader,
        on: asyncio.StreamWriter,
    ) -> bool:
        """One request and its answer; whether the connection is to go on."""
        request = await _read(near)
        roughness = self.roughness
        if self._chance.random() < roughness.twice:
            self._send_a_copy(request)
        on.write(request)
        await on.drain()
        answer = await _read(far)
        if self._chance.random() < roughness.late:
            self.done["late"] += 1
            await _wait(self._chance.random() * LONGEST_DELAY_S)
        where = self._cut(answer) if self._chance.random() < roughness.cut else None
        back.write(answer if where is None else answer[:where])
        await back.drain()
        return where is None and b"\r\nconnection: close" not in answer.lower()

    def _cut(self, answer: bytes) -> int:
        head, size = answer.index(b"\r\n\r\n") + 4, len(answer)
        place = self._chance.choice(("before the first byte", "in the headers", "in the body", "after the body"))
        self.done[f"cut {place}"] += 1
        match place:
            case "before the first byte":
                return 0
            case "in the headers":
                return self._chance.randint(1, head - 1)
            case "in the body":
                return self._chance.randint(head, max(head, size - 1))
            case _:
                return size

    def _send_a_copy(self, request: bytes) -> None:
        operation = _OPERATION.search(request)
        if operation is None:
            return
        self.done["twice"] += 1
        self._ledger.repeat(int(operation[1]))
        self._hold(asyncio.create_task(self._ask_for_nobody(request)))

    def _hold(self, task: asyncio.Task[None] | None) -> None:
        """The loop itself keeps no task alive: one whose client has gone, and that waits, would vanish."""
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _ask_for_nobody(self, request: bytes) -> None:
        with suppress(OSError, EOFError):
            far, on = await asyncio.open_connection("127.0.0.1", self._to)
            on.write(request)
            await on.drain()
            await _read(far)
            on.transport.abort()


async def _read(source: asyncio.StreamReader) -> bytes:
    """A request or an answer, whole. Raises EOFError."""
    head = await source.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return head + (await source.readexactly(int(length[1])) if length else b"")


async def _wait(seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()
