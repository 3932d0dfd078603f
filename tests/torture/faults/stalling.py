"""The store does not answer and does not fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.faults.processes import processes
from tests.torture.faults.scene import Scene

PATIENT_CLIENTS = 2


@dataclass(frozen=True, slots=True)
class FileLocked:
    """Another process holds SQLite's write lock: asking goes on, writing waits five seconds and is given up."""

    name: str = "SQLite's lock is held"

    @contextmanager
    def lasting(self, scene: Scene) -> Iterator[None]:
        """Until somebody was told so."""
        file = scene.stock.url.removeprefix("sqlite:///")
        with processes(1, "tests.faults.locker", file) as (shell,), scene.ledger.spell(self.name):
            assert shell.hear() == ["locked"]
            scene.crowd.is_told("503", PATIENT_CLIENTS)
            yield


@dataclass(frozen=True, slots=True)
class WireFrozen:
    """Nothing passes between the servers and PostgreSQL, and nobody is told."""

    name: str = "the wire to PostgreSQL frozen"

    @contextmanager
    def lasting(self, scene: Scene) -> Iterator[None]:
        """Until somebody was told that nothing comes back."""
        assert scene.database_wire is not None
        with scene.database_wire.frozen(), scene.ledger.spell(self.name, 503):
            scene.crowd.is_told("503", PATIENT_CLIENTS)
            yield
