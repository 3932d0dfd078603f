"""One server as an ASGI application, with its own beginning and end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from evergrant.app.beginning import Began
from evergrant.core.ports.reader import StoreUnavailable
from evergrant.core.ports.world import Random
from evergrant.protocol.errors import TemporarilyUnavailable
from evergrant.server.http.answering import CORRELATION_HEADER, error_answer
from evergrant.server.log import Log


@dataclass(frozen=True, slots=True)
class Running:
    """An open store behind the routes. `close` ends what runs beside them; `began` is what the start made."""

    app: ASGIApp
    close: Callable[[], Awaitable[None]]
    began: Began


class Application:
    """Plain ASGI: `uvicorn` serves it, Starlette and FastAPI mount it.

    It starts with its lifespan. A program that mounts it does not run that, so it starts at the first request then;
    such a program may call `start` and `close` from its own lifespan.
    """

    def __init__(self, open_all: Callable[[], Awaitable[Running]], log: Log, random: Random) -> None:
        self._open_all = open_all
        self._log = log
        self._random = random
        self._running: Running | None = None
        self._turn = asyncio.Lock()

    async def start(self) -> Began:
        """Open everything, once. Raises what the opening raises; then it may be tried again."""
        async with self._turn:
            if self._running is None:
                self._running = await self._open_all()
            return self._running.began

    async def close(self) -> None:
        """Close everything, once."""
        async with self._turn:
            running, self._running = self._running, None
        if running is not None:
            await running.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        running = self._running
        if running is None:
            running = await self._start_late(scope, receive, send)
        if running is not None:
            await running.app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.start()
                except Exception as problem:  # noqa: BLE001  whatever it is, the program must be told and not hang
                    await send({"type": "lifespan.startup.failed", "message": f"Evergrant: {problem}"})
                    return
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _start_late(self, scope: Scope, receive: Receive, send: Send) -> Running | None:
        """At the first request. A store that is down now may be up at the next one: 503, and nothing is remembered."""
        try:
            await self.start()
        except StoreUnavailable as down:
            correlation_id = self._random(8).hex()
            self._log.error("store_unavailable", correlation_id=correlation_id, cause=type(down).__name__)
            error = TemporarilyUnavailable("The server has not started yet; try again.", retry_after_s=2)
            answer = error_answer(error, correlation_id, realm="evergrant")
            answer.headers[CORRELATION_HEADER] = correlation_id
            await answer(scope, receive, send)
        return self._running
