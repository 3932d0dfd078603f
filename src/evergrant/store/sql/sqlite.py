"""SQLite: one writer thread, a few readers beside it, every commit on the disk before it is answered."""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import structlog
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event

from evergrant.store.sql import workers
from evergrant.store.sql.workers import Workers

P = ParamSpec("P")
T = TypeVar("T")

BUSY_S: Final = 5.0
"""How long to wait for another process (the command line) that writes; then StoreUnavailable."""

SWITCHES: Final = 10
"""How often to try to switch a new file to WAL."""

QUEUE: Final = 10_000
READERS: Final = 2

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


def engine(path: Path, *, connections: int, begin: str | None, module: ModuleType | None = None) -> Engine:
    """An engine whose transactions open with `begin`; None: each statement stands alone."""
    made = create_engine(
        URL.create("sqlite", database=str(path)),
        module=module or driver(),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
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
    if not connection.get_execution_options().get("asks", False):
        connection.exec_driver_sql(statement)


class SqliteRunner:
    """Runner on one file."""

    def __init__(self, path: Path, module: ModuleType | None = None) -> None:
        used = module or driver()
        self._writer = Workers("evergrant-sqlite-writer", threads=1, queue=QUEUE)
        self._writing = engine(path, connections=1, begin="BEGIN IMMEDIATE", module=used)
        if used.sqlite_version_info >= SAFE_WITH_SEVERAL:
            self._readers = Workers("evergrant-sqlite-reader", threads=READERS, queue=QUEUE)
            self._asking = engine(path, connections=READERS, begin=None, module=used)
        else:
            _log.warning(
                "sqlite_single_connection",
                sqlite=used.sqlite_version,
                remedy="install pysqlite3, or a Python whose SQLite is 3.51.3 or newer",
            )
            self._readers = self._writer
            self._asking = self._writing.execution_options(asks=True)

    @property
    def engines(self) -> tuple[Engine, ...]:
        return (self._writing, self._asking)

    async def ask(self, question: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        asked = _bind(question, *args, **kwargs)
        return await self._readers.run(lambda: workers.ask(self._asking, asked))

    async def commit(self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        bound = _bind(verb, *args, **kwargs)
        return await self._writer.run(lambda: workers.commit(self._writing, bound))

    async def close(self) -> None:
        await self._readers.close()
        await self._writer.close()
        self._asking.dispose()
        self._writing.dispose()


def _bind(
    function: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
) -> Callable[[Connection], T]:
    return lambda connection: function(connection, *args, **kwargs)
