"""Keeps sessions in a database, for applications with many users or on several machines."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    MetaData,
    NullPool,
    String,
    Table,
    Text,
    create_engine,
    delete,
    insert,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from evergrant.client.errors import VaultBusy, VaultDamaged, VaultError, VaultUnavailable
from evergrant.client.tokens import TokenSet
from evergrant.client.vaults.lock_files import LockFiles
from evergrant.client.vaults.private_files import make_folder

T = TypeVar("T")

_METADATA: Final = MetaData()

SESSIONS: Final = Table(
    "evergrant_client_sessions",
    _METADATA,
    # A digest of the key: a primary key has a limit of length, and some databases take A for a.
    Column("id", String(64), primary_key=True),
    # JSON. NULL: somebody has locked a session that is not there yet.
    Column("record", Text),
)
"""Made where it is missing. Its rows hold tokens in clear: who can read the database can use them."""

_SERVERS: Final = {
    # For one statement, and not by lock_timeout: of several that wait in line, that would count for each step anew.
    "postgresql": ("SET LOCAL statement_timeout = {ms}", "SET LOCAL statement_timeout TO DEFAULT"),
    # In whole seconds, at least one, until the connection is closed or asked for something else.
    "mysql": ("SET innodb_lock_wait_timeout = {s}", "SET innodb_lock_wait_timeout = DEFAULT"),
    "mariadb": ("SET innodb_lock_wait_timeout = {s}", "SET innodb_lock_wait_timeout = DEFAULT"),
}
"""By dialect: how long a statement waits for a row, and as long as ever. Another database's locks are not known."""

_BUSY: Final = frozenset({"55P03", "57014", "1205"})
"""PostgreSQL: lock_not_available, query_canceled. MySQL: ER_LOCK_WAIT_TIMEOUT."""

_TIMES_GONE: Final = 5
"""How often a row may be deleted, by those who end their session, while we wait for it."""


class SqlVault:
    """A Vault in a database: PostgreSQL, MySQL or MariaDB, or a file of SQLite. Another one is a ValueError.

    A lock is the session's row, locked by a transaction that lasts as long as the block: it takes one connection. What
    was saved is committed on leaving, also if the block fails afterwards, and not seen by others before.
    On SQLite, which locks the whole database or nothing, the locks are empty files beside it, and `save` commits.

    Given a URL, it connects anew each time, so that forked workers share no connection; given an engine, it uses that.
    """

    def __init__(self, database: str | URL | Engine) -> None:
        self._engine = database if isinstance(database, Engine) else _engine(database)
        self._dialect = self._engine.dialect.name
        self._file = _sqlite_file(self._engine.url) if self._dialect == "sqlite" else None
        if self._file is None and self._dialect not in _SERVERS:
            raise ValueError("SqlVault knows how to lock in PostgreSQL, MySQL, MariaDB and a file of SQLite; not here.")
        self._ready = False

    def __repr__(self) -> str:
        return f"SqlVault({self._engine.url.render_as_string(hide_password=True)!r})"

    def load(self, key: str, /) -> TokenSet | None:
        self._prepare()
        name = _name(key)
        return _session(_told(lambda: _once(self._engine, lambda connection: _read(connection, name))))

    @contextmanager
    def locked(self, key: str, timeout_s: float, /) -> Iterator[_SqlDrawer]:
        self._prepare()
        if self._file is None:
            with self._row(_name(key), timeout_s) as drawer:
                yield drawer
        else:
            with LockFiles(self._file.with_name(f"{self._file.name}.vault-lock")).session(key, timeout_s):
                yield _SqlDrawer(_name(key), lambda step: _once(self._engine, step))

    @contextmanager
    def _row(self, name: str, timeout_s: float) -> Iterator[_SqlDrawer]:
        connection = _told(self._engine.connect)
        try:
            _told(lambda: self._lock(connection, name, timeout_s))
            drawer = _SqlDrawer(name, lambda step: step(connection))
            try:
                yield drawer
            finally:
                drawer.leave(connection)
        finally:
            with suppress(SQLAlchemyError):
                connection.close()

    def _lock(self, connection: Connection, name: str, timeout_s: float) -> None:
        # What the engine is set to may lock nothing (AUTOCOMMIT), or fail whoever waited (REPEATABLE READ).
        connection.execution_options(isolation_level="READ COMMITTED")
        wait, wait_as_ever = _SERVERS[self._dialect]
        for _ in range(_TIMES_GONE):
            _insert_if_absent(connection, name)
            connection.execute(text(wait.format(ms=max(int(timeout_s * 1000), 1), s=max(round(timeout_s), 1))))
            found = connection.execute(select(SESSIONS.c.id).where(SESSIONS.c.id == name).with_for_update()).first()
            connection.execute(text(wait_as_ever))
            if found is not None:
                return
            connection.rollback()
        raise VaultBusy("the session was ended again and again while we waited for it")

    def _prepare(self) -> None:
        if not self._ready:
            if self._file is not None:
                _make_private(self._file)
            _told(lambda: _make_table(self._engine))
            self._ready = True


class _SqlDrawer:
    """Remembers what became of its statements: a transaction that failed in one of them takes all others with it."""

    def __init__(self, name: str, run: Callable[[Callable[[Connection], object]], object]) -> None:
        self._name = name
        self._run = run
        self._changed = False
        self._failed = False

    def load(self) -> TokenSet | None:
        return _session(self._do(lambda connection: _read(connection, self._name)))

    def save(self, tokens: TokenSet, /) -> None:
        record = json.dumps(tokens.to_record())
        self._do(lambda connection: _write(connection, self._name, record))
        self._changed = True

    def clear(self) -> None:
        self._do(lambda connection: connection.execute(delete(SESSIONS).where(SESSIONS.c.id == self._name)))
        self._changed = True

    def leave(self, connection: Connection) -> None:
        """Make what was saved lasting. Raises VaultUnavailable if it is lost."""
        if not self._failed:
            _told(connection.commit)
        elif self._changed:
            raise VaultUnavailable("what was saved is lost, because a later statement failed")

    def _do(self, step: Callable[[Connection], object]) -> object:
        self._failed = True
        done = _told(lambda: self._run(step))
        self._failed = False
        return done


def _engine(url: str | URL) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and (file := _sqlite_file(parsed)) is not None:
        # Absolute, as the locks beside it: a program that changes its folder still means the same file.
        parsed = parsed.set(database=str(file))
    # Without parameters in errors and logs: they are tokens.
    return create_engine(parsed, poolclass=NullPool, hide_parameters=True)


def _sqlite_file(url: URL) -> Path | None:
    named = url.database or ""
    # Nobody else sees a database in memory, and what `file:` means depends on more than its path.
    return None if named in ("", ":memory:") or named.startswith("file:") else Path(named).absolute()


def _make_private(file: Path) -> None:
    """SQLite would make it for everybody to read. One that is there is the application's, and stays as it is."""
    make_folder(file.parent)
    try:
        # Never opened if it is there: closing it would drop the locks that SQLite holds on it in this process.
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDONLY, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise VaultUnavailable(f"{file} cannot be made: {error.strerror}") from error


def _make_table(engine: Engine) -> None:
    # Looked for first: who may not make tables can use one that the operator made.
    if inspect(engine).has_table(SESSIONS.name):
        return
    try:
        _METADATA.create_all(engine, checkfirst=False)
    except DBAPIError:
        # Somebody else may have made it at the same moment.
        if not inspect(engine).has_table(SESSIONS.name):
            raise


def _name(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def _once(engine: Engine, step: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return step(connection)


def _read(connection: Connection, name: str) -> object:
    return connection.execute(select(SESSIONS.c.record).where(SESSIONS.c.id == name)).scalar()


def _write(connection: Connection, name: str, record: str) -> None:
    if not connection.execute(update(SESSIONS).where(SESSIONS.c.id == name).values(record=record)).rowcount:
        connection.execute(insert(SESSIONS).values(id=name, record=record))


def _insert_if_absent(connection: Connection, name: str) -> None:
    try:
        if connection.execute(select(SESSIONS.c.id).where(SESSIONS.c.id == name)).first() is None:
            connection.execute(insert(SESSIONS).values(id=name))
        # At once: others who insert it would wait for us longer than they want to wait for the row.
        connection.commit()
    except IntegrityError:
        connection.rollback()  # somebody else inserted it at the same moment


def _session(record: object) -> TokenSet | None:
    if record is None:
        return None
    decoded = _decoded(record)
    # Said here and not where decoding failed: that error quotes the record.
    if decoded is None:
        raise VaultDamaged(f"a record in {SESSIONS.name} is damaged: signing in again replaces it")
    return TokenSet.from_record(decoded)


def _decoded(record: object) -> object:
    try:
        return json.loads(str(record))
    except (ValueError, RecursionError):
        return None


def _told(step: Callable[[], T]) -> T:
    """Do it, and tell the database's errors as ours."""
    try:
        return step()
    except SQLAlchemyError as error:
        trouble = _trouble(error)
    # Not in the handler: what the database said would hang on, and may quote a token.
    raise trouble


def _trouble(error: SQLAlchemyError) -> VaultError:
    if not isinstance(error, DBAPIError):
        return VaultUnavailable(f"the database cannot be used: {type(error).__name__}")
    if error.statement is None:
        # While connecting, so there is nothing of ours in it.
        return VaultUnavailable(f"the database cannot be reached: {error.orig}")
    code = _code(error.orig)
    if code in _BUSY:
        return VaultBusy("another thread or process held the session for too long")
    return VaultUnavailable(f"the database failed: {type(error.orig).__name__}{f' ({code})' if code else ''}")


def _code(error: BaseException | None) -> str | None:
    # MySQL's drivers have its number first; the SQLSTATE beside it says less.
    number = next((str(first) for first in getattr(error, "args", ()) if isinstance(first, int)), None)
    return number or getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
