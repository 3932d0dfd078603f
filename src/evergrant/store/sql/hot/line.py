"""One PostgreSQL connection on the event loop: prepared statements through libpq, one at a time, without a thread.

psycopg's own cursors cost as much as what they ask, and a thread must wait for the interpreter's lock twice. libpq can
send and read without blocking; psycopg hands it out as `psycopg.pq`. SQLAlchemy makes the connection, so that URL,
TLS and passwords are understood once.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Transformer
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

GOODBYE: Final = ("08", "57P")
"""Classes of SQLSTATE with which a server ends the connection: what was sent may have been done all the same."""

LOOK_AGAIN_S: Final = 1.0
"""An answer that takes longer than this many seconds is looked for, told of or not. uvloop tells once of a socket that
was reset, and of nothing on it from then on; if words of farewell came before the reset, only they were read then.
"""

Row = tuple[Any, ...]
DriverConnection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """A prepared statement; `types` are the OIDs of its parameters, which come in binary."""

    name: bytes
    text: str
    types: tuple[int, ...]


class Lost(Exception):
    """The connection is gone. What had been sent may have been done, or not."""


class Refused(Exception):
    """The server answered with an error: the statement did nothing. `sqlstate` tells which."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


class Line:
    """Opens its connection when it is first needed, and again when it was lost."""

    def __init__(self, connect: Callable[[], DriverConnection], statements: Mapping[bytes, Statement]) -> None:
        self._connect = connect
        self._statements = statements
        self._connection: DriverConnection | None = None
        self._answer: asyncio.Future[Sequence[Row]] | None = None
        self._results: list[PGresult] = []
        self._look: asyncio.TimerHandle | None = None
        self._socket = -1

    async def ready(self) -> None:
        """Return with a connection that was alive a moment ago. Raises what connecting raises."""
        if self._connection is not None and self._is_alive(self._connection):
            return
        connection = await asyncio.to_thread(self._open)
        # Kept: a connection that broke no longer tells its socket, and that must be taken off the loop.
        self._socket = connection.pgconn.socket
        asyncio.get_running_loop().add_reader(self._socket, self._arrived)
        self._connection = connection

    async def ask(self, name: bytes, values: Sequence[Buffer | None]) -> Sequence[Row]:
        """The rows that a statement returns. Raises Lost or Refused. Call `ready` first."""
        if self._connection is None:
            raise Lost
        pgconn = self._connection.pgconn
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        self._results = []
        if self._look is None:
            self._look = loop.call_later(LOOK_AGAIN_S, self._look_again, loop)
        try:
            pgconn.send_query_prepared(name, values, [Format.BINARY] * len(values), Format.BINARY)
            self._flush(pgconn)
        except psycopg.Error as error:
            self.close()
            raise Lost from error
        # Shielded by whoever calls: an answer that nobody reads would be taken for the next one's.
        return await self._answer

    def close(self) -> None:
        """Let go of the connection; whoever waits for an answer is told that it is lost."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._socket)
        loop.remove_writer(self._socket)
        if self._look is not None:
            self._look.cancel()
            self._look = None
        connection.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Lost())

    def _open(self) -> DriverConnection:
        """In a thread: it blocks."""
        connection = self._connect()
        try:
            for statement in self._statements.values():
                prepared = connection.pgconn.prepare(statement.name, statement.text.encode(), statement.types)
                if prepared.status != ExecStatus.COMMAND_OK:
                    raise psycopg.OperationalError(prepared.get_error_message())
            connection.pgconn.nonblocking = 1
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_alive(self, connection: DriverConnection) -> bool:
        """A connection that was cut while it was idle has something to read: the end."""
        try:
            connection.pgconn.consume_input()
        except psycopg.Error:
            self.close()
            return False
        if connection.pgconn.status != ConnStatus.OK:
            self.close()
            return False
        return True

    def _flush(self, pgconn: PGconn) -> None:
        if pgconn.flush():
            # The rest goes when the server has read some; rare, a batch is smaller than a socket's buffer.
            asyncio.get_running_loop().add_writer(self._socket, self._drained)

    def _drained(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            if not connection.pgconn.flush():
                asyncio.get_running_loop().remove_writer(self._socket)
        except psycopg.Error:
            self.close()

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> None:
        # One timer at a time, that outlives many answers: setting one for each would cost each of them.
        self._look = None
        self._arrived()
        if self._connection is not None and self._answer is not None and not self._answer.done():
            self._look = loop.call_later(LOOK_AGAIN_S, self._look_again, loop)

    def _arrived(self) -> None:
        """Something to read: a part of an answer, all of it, or the end of the connection."""
        connection = self._connection
        if connection is None:
            return
        pgconn = connection.pgconn
        try:
            pgconn.consume_input()
            while not pgconn.is_busy():
                result = pgconn.get_result()
                if result is None:
                    break
                self._results.append(result)
            else:
                return
        except psycopg.Error:
            self.close()
            return
        if pgconn.status != ConnStatus.OK:
            self.close()
        elif self._answer is not None and self._results and not self._answer.done():
            self._give(connection, self._answer, self._results[-1])

    def _give(self, connection: DriverConnection, answer: "asyncio.Future[Sequence[Row]]", result: PGresult) -> None:
        if result.status == ExecStatus.TUPLES_OK:
            loader = Transformer(connection)
            loader.set_pgresult(result)
            answer.set_result(loader.load_rows(0, result.ntuples, tuple))
            return
        sqlstate = (result.error_field(DiagnosticField.SQLSTATE) or b"XX000").decode("ascii")
        if sqlstate.startswith(GOODBYE):
            self.close()
        else:
            answer.set_exception(Refused(sqlstate))
