"""PostgreSQL by psycopg: a bounded number of threads, each with a connection from SQLAlchemy's pool."""

from collections.abc import Callable
from typing import Concatenate, Final, ParamSpec, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine

from evergrant.store.sql import workers
from evergrant.store.sql.workers import Workers

P = ParamSpec("P")
T = TypeVar("T")

CONNECTIONS: Final = 8
"""Of each kind, in one process."""

QUEUE: Final = 10_000

_NETWORK: Final = {
    "connect_timeout": 5,
    # A server that vanished without a word is noticed within some ten seconds, not in two hours.
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "evergrant",
}
_ASKING: Final = "-c statement_timeout=5000"
# No statement_timeout here. It would also cut a COMMIT that waits for the standby: the row is then visible and not yet
# replicated, and a fail-over forgets what was acknowledged. Waiting for a lock is before the commit, and may be cut.
_WRITING: Final = "-c lock_timeout=5000 -c idle_in_transaction_session_timeout=15000"


def engine(url: URL, *, connections: int, options: str = "", autocommit: bool = False) -> Engine:
    """An engine on psycopg. READ COMMITTED is enough: what a verb relies on is in its conditions or locked."""
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=0,
        isolation_level="AUTOCOMMIT" if autocommit else "READ COMMITTED",
        # Without a transaction there is nothing to take back when a connection returns.
        pool_reset_on_return=None if autocommit else "rollback",
        use_native_hstore=False,
        connect_args={**_NETWORK, "options": options},
        hide_parameters=True,
    )


class PostgresRunner:
    """Runner on one PostgreSQL database."""

    def __init__(self, url: URL, connections: int = CONNECTIONS) -> None:
        self._readers = Workers("evergrant-postgres-reader", threads=connections, queue=QUEUE)
        self._asking = engine(url, connections=connections, options=_ASKING, autocommit=True)
        self._writers = Workers("evergrant-postgres-writer", threads=connections, queue=QUEUE)
        self._writing = engine(url, connections=connections, options=_WRITING)

    @property
    def engines(self) -> tuple[Engine, ...]:
        return (self._writing, self._asking)

    async def ask(self, question: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._readers.run(
            lambda: workers.ask(self._asking, lambda connection: question(connection, *args, **kwargs))
        )

    async def commit(self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._writers.run(
            lambda: workers.commit(self._writing, lambda connection: verb(connection, *args, **kwargs))
        )

    async def close(self) -> None:
        await self._readers.close()
        await self._writers.close()
        self._asking.dispose()
        self._writing.dispose()
