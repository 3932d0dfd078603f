"""Two PostgreSQL servers, of which one follows the other through a wire; after each fail-over the roles change."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from tests.faults.wire import Wire
from tests.support.ports import free_port
from tests.support.postgres import USER, PostgresServer, launch
from tests.support.standby import ANY, NOBODY, copy_of, wait_for
from tests.support.waiting import until


class Pair:
    """The same two ports all the time: whoever knows both finds the one that takes writes."""

    def __init__(self, folder: Path, first: PostgresServer) -> None:
        self.primary = first
        self._folder = folder
        self._ports = (first.port, free_port())
        self._numbers = count(1)

    @classmethod
    @contextmanager
    def begun(cls, folder: Path) -> Iterator["Pair"]:
        """The first primary, alone. Nothing of the pair runs any more when the block ends."""
        pair = cls(folder, launch(folder / "pg-0"))
        try:
            yield pair
        finally:
            if pair.primary.is_running:
                pair.primary.kill()

    def url(self, database: str) -> str:
        """For the server under test, as docs/how-to/production.md tells operators to write it."""
        servers = ",".join(f"127.0.0.1:{port}" for port in self._ports)
        return f"postgresql://{USER}@{servers}/{database}?target_session_attrs=read-write"

    @contextmanager
    def followed(self, *, synchronous: bool) -> Iterator["Succession"]:
        """The primary has a standby. After the block the one of them that took over is the primary, alone."""
        old, folder = self.primary, self._folder / f"pg-{next(self._numbers)}"
        (port,) = {*self._ports} - {old.port}
        with ExitStack() as stack:
            wire = stack.enter_context(Wire(old.port).open())
            standby = copy_of(old, folder, port, wire.port)
            succession = Succession(old, standby, wire)
            stack.callback(self._end, succession)
            wait_for(old, ANY if synchronous else NOBODY)
            yield succession

    def _end(self, succession: "Succession") -> None:
        over = succession.old if succession.is_over else succession.standby
        self.primary = succession.standby if succession.is_over else succession.old
        if over.is_running:
            over.kill()
        shutil.rmtree(over.folder)


class Succession:
    """A primary and the standby that will take over from it. The old one never comes back."""

    def __init__(self, old: PostgresServer, standby: PostgresServer, wire: Wire) -> None:
        self.old = old
        self.standby = standby
        self.wire = wire
        self.is_over = False

    def replay(self) -> None:
        """The standby shows all that it has heard; nobody tells it more, for the old one is gone or the wire frozen."""
        shown = "SELECT 1 WHERE pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn()"
        until(lambda: self.standby.see(shown), what="the standby shows what it heard")

    def take_over(self) -> None:
        """From now on the standby takes writes."""
        self.standby.promote()
        self.is_over = True
