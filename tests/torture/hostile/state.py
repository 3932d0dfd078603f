"""Whether the database is as it was. Looked at from beside the server, past whatever it remembers."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, select, text

from evergrant.core.facts import EventKind
from evergrant.store.schema import events, metadata
from evergrant.store.sql.sqlite import driver

COUNTING: Final = frozenset({"attempts", "events"})
"""The two tables that are meant to grow under attack: guesses at passwords, and the audit trail of refusals."""

REFUSALS: Final = frozenset(
    {
        EventKind.REFRESH_REFUSED,
        EventKind.OTHER_CLIENT,
        EventKind.CLIENT_REFUSED,
        EventKind.SIGN_IN_FAILED,
        EventKind.TOO_FAR_AHEAD,
    }
)
"""What may be written down of a request that nothing came of. None of them says that something changed."""


@dataclass(slots=True)
class State:
    """Of a SQLite database. `changed()` costs one pragma as long as nobody wrote."""

    path: Path
    _connection: Any = field(init=False)
    _version: int = field(init=False, default=-1)
    _digests: dict[str, bytes] = field(init=False, default_factory=dict)
    _last_event: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        engine = create_engine(f"sqlite:///{self.path}", module=driver(), isolation_level="AUTOCOMMIT")
        self._connection = engine.connect()
        self.changed()

    def changed(self) -> tuple[set[str], set[str]]:
        """The tables that are not as they were at the last call, and the kinds of events since that are no refusal."""
        version = int(self._connection.execute(text("PRAGMA data_version")).scalar_one())
        if version == self._version:
            return set(), set()
        self._version = version
        before, self._digests = self._digests, self._all()
        tables = {name for name, digest in self._digests.items() if before.get(name, digest) != digest}
        return tables, self._new_events()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        self._connection.engine.dispose()

    def _all(self) -> dict[str, bytes]:
        return {name: self._digest(name) for name in metadata.tables if name not in COUNTING}

    def _digest(self, table: str) -> bytes:
        rows = self._connection.execute(select(metadata.tables[table])).all()
        return hashlib.blake2b(repr(sorted(map(repr, rows))).encode()).digest()

    def _new_events(self) -> set[str]:
        found = self._connection.execute(select(events.c.id, events.c.kind).where(events.c.id > self._last_event)).all()
        self._last_event = max([self._last_event, *(row.id for row in found)])
        return {row.kind for row in found} - REFUSALS
