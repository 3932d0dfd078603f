"""uvicorn's server, which spares the collector and whose end leaves nobody out; and as one of several on a port."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

import uvicorn

from evergrant.cli.serving.collector import spare_the_collector
from evergrant.cli.serving.sockets import take_part

_LATE_S: Final = 0.05


class DrainingServer(uvicorn.Server):
    """Tells every connection that it ends. uvicorn tells those that it knows at the first moment.

    One that was accepted in the same turn of the loop would not hear of it: it would be served as long as its client
    keeps asking, and cut off in the middle of an answer when the time to drain is over.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        spare_the_collector()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().call_later(_LATE_S, self._tell_the_late)
        await super().shutdown(sockets)

    def _tell_the_late(self) -> None:
        for connection in list(self.server_state.connections):
            connection.shutdown()


class WorkerServer(DrainingServer):
    """Serves on sockets of its own. Those it is given hold the port, and stay with the supervisor."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        reserved = sockets or []
        own = take_part(reserved)
        for one in reserved:
            one.close()
        await super().serve(own)
