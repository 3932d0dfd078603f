"""Requests whose head never ends are cut off, by size and by time, before anybody is known (RFC 6585 §5).

uvicorn's fast parser keeps what arrives until a head is complete: a few connections could otherwise fill the memory,
and many silent ones use up the sockets. Bodies are bounded where they are read.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._timer = self.loop.call_later(SECONDS, self._cut)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
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

    def _cut(self) -> None:
        self._stop_timer()
        if self._begun and not self.transport.is_closing():
            self.transport.write(_REFUSAL)
        # A connection that a browser opened ahead of need has asked nothing, and is closed without an answer.
        self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
