"""kill -9: of one worker process, of a whole server, of all servers at once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support import worker_processes
from tests.support.server import Server
from tests.support.waiting import until
from tests.torture.faults.scene import Scene


@dataclass(frozen=True, slots=True)
class WorkerKilled:
    """One process of a server that has several; the server replaces it by itself."""

    name: str = "a worker killed"

    @contextmanager
    def lasting(self, scene: Scene) -> Iterator[None]:
        """It is dead from the beginning of the block."""
        several = [server for server in scene.servers if worker_processes.workers_of(server)]
        server = scene.chance.choice(several)
        workers = worker_processes.workers_of(server)
        worker_processes.kill(scene.chance.choice(workers))
        with scene.ledger.spell(self.name):
            yield
            until(lambda: len(worker_processes.workers_of(server)) == len(workers), what="it was replaced")


@dataclass(frozen=True, slots=True)
class ServerKilled:
    """One server, or all of them: nobody is there to answer, until it is started again as a service manager would."""

    everybody: bool
    name: str

    @contextmanager
    def lasting(self, scene: Scene) -> Iterator[None]:
        """Dead as long as the block lasts."""
        killed: Sequence[Server] = scene.servers if self.everybody else [scene.chance.choice(scene.servers)]
        for server in killed:
            server.kill()
        everybody = len(killed) == len(scene.servers)
        with scene.ledger.spell(self.name, *((0,) if everybody else ())):
            scene.crowd.is_told("lost", 5)
            yield
        for server in killed:
            server.launch()
