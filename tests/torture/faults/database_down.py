"""PostgreSQL is gone: stopped as by a power cut, or its processes killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.torture.faults.scene import Scene

ANSWERS = 20


@dataclass(frozen=True, slots=True)
class PostgresDown:
    """`kill`: its first process and all others by kill -9; else it is told to stop at once."""

    kill: bool
    name: str

    @contextmanager
    def lasting(self, scene: Scene) -> Iterator[None]:
        """Down as long as the block lasts; started again at its end, and it recovers from its log."""
        assert scene.postgres is not None
        if self.kill:
            scene.postgres.kill()
        else:
            scene.postgres.crash()
        with scene.ledger.spell(self.name, 503):
            scene.crowd.is_told("503", ANSWERS)
            yield
        scene.postgres.start()
