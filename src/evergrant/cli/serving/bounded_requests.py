"""Requests that never end are cut off, by size and by time, before anybody is known (RFC 6585 §5, RFC 9110 §15.5.14).

uvicorn's fast parser keeps a head until it is complete, whatever trailer fields follow a body, and all requests that
come before the first is answered; it reads on for ever what an answered request still sends; and it waits for ever for
a client to take its answers. A few connections could fill the memory, and many silent ones use up the sockets. How much
of a body is kept is bounded where it is read.

What is broken behind a whole request ends the connection, and is not the answer to that request.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Final

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MOST_OF_A_HEAD: Final = 64 * 1024
"""Bytes of request line and headers together; a little more may arrive in one piece."""

MOST_BEHIND_A_HEAD: Final = 1024 * 1024
"""Bytes of a body as it is sent: a body of 64 KiB in the smallest chunks is less than half as long."""

MOST_WAITING: Final = 100
"""Requests on one connection behind the one that is being answered. Hardly any client sends more than none."""

SECONDS: Final = 15.0
"""For a head to arrive, from its first byte, and for that to follow a new connection; for the rest of a body whose
request has been answered; and for a client to take an answer."""

_HEAD_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)
_BODY_TOO_LARGE: Final = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class _Phase(Enum):
    """What arrives next, or is arriving."""

    NOTHING = "nothing"
    HEAD = "head"
    BODY = "body"


class _Nowhere(list[tuple[bytes, bytes]]):
    """Where trailer fields go: they are no headers (RFC 9110 §6.5.1), and who keeps them can be filled with them."""

    def append(self, _field: tuple[bytes, bytes], /) -> None:
        """Forget it."""


class BoundedRequests(HttpToolsProtocol):
    """uvicorn's protocol with an end to its patience. A request that arrives in one piece starts no timer."""

    _arrived = 0
    _phase = _Phase.NOTHING
    _came_whole = False
    _too_many = False
    _timer: asyncio.TimerHandle | None = None
    _writing: asyncio.TimerHandle | None = None
    _running: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._give_up()
        super().connection_lost(exc)
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        self._arrived += len(data)
        self._came_whole = False
        super().data_received(data)
        if self._too_many:
            self._give_up()
            self.transport.close()
        elif self._phase is _Phase.BODY:
            if self._arrived > MOST_BEHIND_A_HEAD:
                self._cut()
        elif self._arrived > MOST_OF_A_HEAD:
            self._cut()
        elif self._timer is None and not (self._came_whole and self._phase is _Phase.NOTHING):
            # Empty lines before a request are let pass (RFC 9112 §2.2), and are no way to hold a connection.
            self._start_timer()

    def on_message_begin(self) -> None:
        self._arrived, self._phase = 0, _Phase.HEAD
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._arrived, self._phase = 0, _Phase.BODY
        self._stop_timer()
        # Each takes some kilobytes, and thousands fit into one piece: those beyond are not even begun.
        self._too_many = len(self.pipeline) >= MOST_WAITING
        if not self._too_many:
            super().on_headers_complete()
        self.headers = _Nowhere()

    def on_message_complete(self) -> None:
        self._arrived, self._phase, self._came_whole = 0, _Phase.NOTHING, True
        self._stop_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # A refused body need not be read to its end. A little is, or the client would see a broken connection and not
        # the refusal (RFC 9112 §9.6).
        if self._phase is _Phase.BODY and self._timer is None:
            self._start_timer()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._writing = self.loop.call_later(SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """As uvicorn's, unless a request that came whole is still to be answered: it would take this for its answer."""
        if self._give_up():
            super().send_400_response(msg)
        else:
            self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _give_up(self) -> bool:
        """Nobody will read the answer under way: let it go nowhere. Whether what is arriving may still be refused.

        uvicorn tells only the newest of several requests on a connection, and that only when the connection is lost.
        An older one would write to what is closed, and its every answer would be a bug in the log.
        """
        running = self._running
        if running is None or running.response_complete:
            return self._phase is not _Phase.BODY  # else it has been answered
        running.disconnected = True
        running.message_event.set()
        return running.more_body and not running.response_started

    def _cut(self) -> None:
        self._stop_timer()
        refusable = self._give_up()
        # A connection that a browser opened ahead of need has asked nothing, and is closed without an answer.
        if refusable and self._phase is not _Phase.NOTHING and not self.transport.is_closing():
            self.transport.write(_HEAD_TOO_LARGE if self._phase is _Phase.HEAD else _BODY_TOO_LARGE)
        self.transport.close()

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(SECONDS, self._cut)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
