"""SQLite: one writer thread, a few readers beside it, every commit on the disk before it is answered."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import structlog
from sqlalchemy import URL, Connection, Engine, Pool, QueuePool, StaticPool, create_engine, event

from evergrant.core.facts import GrantFacts
from evergrant.core.ports.ledger import Done, Superseded
from evergrant.store.sql import workers
from evergrant.store.sql.batches import QUEUE
from evergrant.store.sql.checkpoints import Checkpoints
from evergrant.store.sql.hot import sqlite as hot
from evergrant.store.sql.hot.shapes import Observer, WantedClaim, WantedGrant, WantedRenewal
from evergrant.store.sql.reading import HotReader
from evergrant.store.sql.workers import Workers
from evergrant.store.sql.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")

BUSY_S: Final = 5.0
"""How long to wait for another process (the command line) that writes; then StoreUnavailable."""

SWITCHES: Final = 10
"""How often to try to switch a new file to WAL."""

READERS: Final = 2

LOG_KEPT: Final = 64 * 1024 * 1024
"""Bytes of the write-ahead log's file that are kept when it starts again from its beginning."""

SAFE_WITH_SEVERAL: Final = (3, 51, 3)
"""Older versions can corrupt a WAL database that several connections use at once."""

_log = structlog.get_logger(__name__)


def driver() -> ModuleType:
    """pysqlite3 brings a current SQLite where it is installed; Python's own is usually older."""
    try:
        return import_module("pysqlite3.dbapi2")
    except ImportError:
        return import_module("sqlite3.dbapi2")


def prepare(path: Path) -> None:
    """Make the file and its folder where they are missing, for nobody but us. SQLite's side files take its mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A file that is there is never opened: closing it would drop every lock that this process has on it (POSIX), those
    # of its open connections too. The next program that leaves the database then thinks itself the last, and deletes
    # the log that we go on writing to.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDONLY, 0o600))


def engine(
    path: Path, *, connections: int, begin: str | None, module: ModuleType | None = None, pool: type[Pool] = QueuePool
) -> Engine:
    """An engine whose transactions open with `begin`; None: SQLAlchemy begins none."""
    made = create_engine(
        URL.create("sqlite", database=str(path)),
        module=module or driver(),
        poolclass=pool,
        **({"pool_size": connections, "max_overflow": 0} if pool is QueuePool else {}),
        # The module's own transaction control is off: it would begin late and as a reader, and fail when it writes.
        connect_args={"timeout": BUSY_S, "isolation_level": None, "check_same_thread": False},
        hide_parameters=True,
    )
    event.listen(made, "connect", _set_up)
    if begin is not None:
        event.listen(made, "begin", partial(_begin, begin))
    return made


def _set_up(connection: Any, _: object) -> None:
    _use_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")


def _use_wal(connection: Any) -> None:
    """Switch the file to WAL once for all, beside others who do the same to a new file."""
    for _ in range(SWITCHES):
        # Asked before it is set, because setting takes the whole file for a moment.
        if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            return
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except connection.OperationalError:
            # Two that switch at once are refused at once, against the busy timeout. This does wait for the other.
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode=WAL")


def _begin(statement: str, connection: Connection) -> None:
    connection.exec_driver_sql(statement)


class SqliteRunner:
    """Runner on one file."""

    def __init__(self, path: Path, module: ModuleType | None = None) -> None:
        used = module or driver()
        self.observers: list[Observer] = []
        # One connection and no more, which the writer holds; SQLAlchemy begins nothing on it, the writer does.
        self._writing = engine(path, connections=1, begin=None, module=used, pool=StaticPool)
        event.listen(self._writing, "connect", _plan_batches)
        self._beside: _Beside | None = None
        self.engines: tuple[Engine, ...] = (self._writing, self._writing)
        committed: Callable[[], None] = _nothing
        if used.sqlite_version_info >= SAFE_WITH_SEVERAL:
            event.listen(self._writing, "connect", _leave_checkpoints)
            self._beside = _Beside(path, used, self.observers)
            self.engines = (self._writing, self._beside.engine)
            committed = self._beside.checkpoints.committed
        else:
            _log.warning(
                "sqlite_single_connection",
                sqlite=used.sqlite_version,
                remedy="install pysqlite3, or a Python whose SQLite is 3.51.3 or newer",
            )
        self._writer = Writer(self._writing, used.Error, self.observers, committed)

    async def ask(self, question: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        asked = _bind(question, *args, **kwargs)
        if self._beside is not None:
            return await self._beside.ask(asked)
        answer: T = await self._writer.do(lambda pen: asked(pen.connection))
        return answer

    async def commit(self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        bound = _bind(verb, *args, **kwargs)
        outcome: T = await self._writer.do(lambda pen: bound(pen.connection))
        return outcome

    async def grant(self, wanted: WantedGrant, /) -> GrantFacts | None:
        if self._beside is None:
            facts: GrantFacts | None = await self._writer.do(lambda pen: hot.grant(pen.cursor, wanted))
        else:
            facts = await self._beside.hot.ask(wanted)
        return facts

    async def is_claimed(self, wanted: WantedClaim, /) -> bool:
        if self._beside is None:
            taken: bool = await self._writer.do(lambda pen: hot.is_claimed(pen.cursor, wanted))
        else:
            taken = await self._beside.hot.ask(wanted)
        return taken

    async def renew(self, wanted: WantedRenewal, /) -> Done | Superseded:
        outcome: Done | Superseded = await self._writer.do(wanted)
        return outcome

    async def close(self) -> None:
        await self._writer.close()
        if self._beside is not None:
            await self._beside.close()
        self._writing.dispose()


class _Beside:
    """What a SQLite that bears several connections has beside the writer: readers, and checkpoints."""

    def __init__(self, path: Path, module: ModuleType, observers: list[Observer]) -> None:
        # The readers' own, one for what a refresh asks, and one to checkpoint.
        self.engine = engine(path, connections=READERS + 2, begin=None, module=module)
        self.hot = HotReader(self.engine, module.Error, observers)
        self.checkpoints = Checkpoints(self.engine, module.Error)
        self._readers = Workers("evergrant-sqlite-reader", threads=READERS, queue=QUEUE)

    async def ask(self, question: Callable[[Connection], T]) -> T:
        return await self._readers.run(lambda: workers.ask(self.engine, question))

    async def close(self) -> None:
        await self._readers.close()
        await self.hot.close()
        await asyncio.to_thread(self.checkpoints.close)
        self.engine.dispose()


def _plan_batches(connection: Any, _: object) -> None:
    connection.execute(hot.PLANS)


def _leave_checkpoints(connection: Any, _: object) -> None:
    connection.execute("PRAGMA wal_autocheckpoint=0")
    # A log that was long once gives its space back when it starts again; it would keep it until the server stops.
    connection.execute(f"PRAGMA journal_size_limit={LOG_KEPT}")


def _nothing() -> None:
    """With one connection SQLite makes its own checkpoints."""


def _bind(
    function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
) -> Callable[[Connection], T]:
    return lambda connection: function(connection, *args, **kwargs)
