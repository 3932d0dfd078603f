"""Requests whose head never ends are cut off, by size and by time, before anybody is known (RFC 6585 §5).

uvicorn's fast parser keeps what arrives until a head is complete: a few connections could otherwise fill the memory,
and many silent ones use up the sockets. Bodies are bounded where they are read.

What is broken behind a whole request ends the connection, and is not the answer to that request.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MOST_BYTES: Final = 64 * 1024
"""Of request line and headers together; a little more may arrive in one piece."""

SECONDS: Final = 15.0
"""For a head to arrive, from its first byte, and for that to follow a new connection."""

_REFUSAL: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedHead(HttpToolsProtocol):
    """uvicorn's protocol with an end to its patience. A head that arrives in one piece starts no timer."""

    _arrived = 0
    _in_head = True
    _begun = False
    _timer: asyncio.TimerHandle | None = None
    _running: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._timer = self.loop.call_later(SECONDS, self._cut)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._give_up()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._arrived += len(data)
        super().data_received(data)
        if not self._in_head:
            return
        if self._arrived > MOST_BYTES:
            self._cut()
        elif self._timer is None:
            self._timer = self.loop.call_later(SECONDS, self._cut)

    def on_message_begin(self) -> None:
        self._arrived, self._in_head, self._begun = 0, True, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """As uvicorn's, unless a request that came whole is still to be answered: it would take this for its answer."""
        if self._give_up():
            self.transport.close()
        else:
            super().send_400_response(msg)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _give_up(self) -> bool:
        """Nobody will read the answer under way: let it go nowhere. Whether it is one to a whole request.

        uvicorn tells only the newest of several requests on a connection, and that only when the connection is lost.
        An older one would write to what is closed, and its every answer would be a bug in the log.
        """
        running = self._running
        if running is None or running.response_complete:
            return False
        running.disconnected = True
        running.message_event.set()
        return not running.more_body

    def _cut(self) -> None:
        self._stop_timer()
        # A connection that a browser opened ahead of need has asked nothing, and is closed without an answer.
        if not self._give_up() and self._begun and not self.transport.is_closing():
            self.transport.write(_REFUSAL)
        self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
