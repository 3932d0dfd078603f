"""Where a campaign plays: the server processes, their database, the clients, and what stands between them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random

from tests.faults.stock import Stock
from tests.faults.turnstile import Turnstile
from tests.faults.wire import Wire
from tests.support.postgres import PostgresServer
from tests.support.server import Server
from tests.support.shared_clock import SharedClock
from tests.support.waiting import until
from tests.torture.clients import Crowd
from tests.torture.faults.rough_wire import RoughWire
from tests.torture.ledger import Ledger, now

BACK_WITHIN_S = 45.0
"""After a fault, all servers are ready and clients answered by then, without anybody's help; else it is a finding."""


@dataclass(slots=True)
class Scene:
    """`postgres`, `database_wire` and `door` are there on PostgreSQL only."""

    servers: Sequence[Server]
    stock: Stock
    ledger: Ledger
    crowd: Crowd
    chance: Random
    rough_wires: Sequence[RoughWire] = ()
    clocks: Sequence[SharedClock] = ()  # one for each server; none: they follow the machine's
    postgres: PostgresServer | None = None
    database_wire: Wire | None = None
    door: Turnstile | None = None
    recoveries: list[float] = field(default_factory=list)  # seconds

    def recovered(self) -> None:
        """Wait until every server is ready and clients are answered again. Raises TimeoutError."""
        begin = now()
        for server in self.servers:
            until(partial(_is_ready, server), what="ready again", seconds=BACK_WITHIN_S)
        self.crowd.is_told("200", 20, seconds=BACK_WITHIN_S)
        self.recoveries.append((now() - begin) / 1e6)


def _is_ready(server: Server) -> bool:
    return server.status_of("/readyz") == 200
