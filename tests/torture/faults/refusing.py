"""The store refuses: no room, no right to write, no connection."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.support.worker_processes import workers_of
from tests.torture.faults.scene import Scene

NO_ROOM: Final = 4096
ANSWERS: Final = 20
_CAPABILITIES: Final = "-dac_override,-dac_read_search"
AS_ANYBODY: Final = () if os.geteuid() else ("setpriv", "--bounding-set", _CAPABILITIES, "--inh-caps", _CAPABILITIES)
"""Files are not read-only to root, unless it gives up what makes it root."""


@dataclass(frozen=True, slots=True)
class DiskFull:
    """The kernel refuses the server to write beyond the first bytes of any file; its own log is such a file too."""

    name: str = "disk full"

    @contextmanager
    def lasting(self, scene: Scene) -> Iterator[None]:
        """For every process of every server."""
        pids = [pid for server in scene.servers if server.process for pid in (server.process.pid, *workers_of(server))]
        before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids}
        for pid, (_, hard) in before.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (NO_ROOM, hard))
        with scene.ledger.spell(self.name):
            scene.crowd.is_told("503", ANSWERS)
            yield
        for pid, limits in before.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


@dataclass(frozen=True, slots=True)
class FileReadOnly:
    """SQLite's file belongs to somebody else after a restart, as after a restore by hand."""

    name: str = "SQLite's file read-only"

    @contextmanager
    def lasting(self, scene: Scene) -> Iterator[None]:
        """The server is started on it, and again when it may write."""
        (server,) = scene.servers
        server.stop()
        (server.data_dir / "evergrant.db").chmod(0o400)
        server.within = AS_ANYBODY
        server.start()
        with scene.ledger.spell(self.name):
            scene.crowd.is_told("503", ANSWERS)
            yield
        server.stop()
        for each in server.data_dir.glob("evergrant.db*"):
            each.chmod(0o600)  # SQLite's side files have the mode that the file had
        server.within = ()
        server.launch()


@dataclass(frozen=True, slots=True)
class DatabaseReadOnly:
    """Every new transaction of PostgreSQL is read-only, as on a standby that was taken for the primary."""

    name: str = "PostgreSQL read-only"

    @contextmanager
    def lasting(self, scene: Scene) -> Iterator[None]:
        """For connections that are made from now on, and there are no others."""
        assert scene.door is not None
        scene.door.write_nothing()
        with scene.ledger.spell(self.name):
            scene.crowd.is_told("503", ANSWERS)
            yield
        scene.door.write_again()


@dataclass(frozen=True, slots=True)
class NoConnections:
    """PostgreSQL lets nobody in, and puts out those who are."""

    name: str = "no connections"

    @contextmanager
    def lasting(self, scene: Scene) -> Iterator[None]:
        """Until the door is opened."""
        assert scene.door is not None
        scene.door.let_in(0)
        with scene.ledger.spell(self.name, 503):
            scene.crowd.is_told("503", ANSWERS)
            yield
        scene.door.open()
