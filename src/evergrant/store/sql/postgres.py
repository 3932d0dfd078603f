"""PostgreSQL by psycopg: a refresh in batches on the event loop, all else in a bounded number of threads."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import psycopg
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, text

from evergrant.core.durability import Durability
from evergrant.core.facts import GrantFacts
from evergrant.core.ports.ledger import Done, Superseded
from evergrant.store.sql import grants, questions, workers
from evergrant.store.sql.batches import ANSWER_S, QUEUE
from evergrant.store.sql.hot import postgres as hot
from evergrant.store.sql.hot.line import DriverConnection
from evergrant.store.sql.hot.lines import Lines
from evergrant.store.sql.hot.shapes import Observer, WantedClaim, WantedGrant, WantedRenewal
from evergrant.store.sql.workers import Workers

P = ParamSpec("P")
T = TypeVar("T")

CONNECTIONS: Final = 8
"""Of each kind, in one process."""

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
# No statement_timeout here, not even one that the role or the database was given. It would also cut a COMMIT that
# waits for the standby: the row is then visible and not yet replicated, and a fail-over forgets what was acknowledged.
# Waiting for a lock is before the commit, and may be cut.
_WRITING: Final = "-c statement_timeout=0 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=15000"
# Short: a row that somebody holds must not hold up the batch it is in. Its item then waits on a connection of its own.
_RENEWING: Final = "-c statement_timeout=0 -c lock_timeout=250"
# A batch finds its rows one by one by their key, however few rows a table has or many a batch: then rows are locked in
# the order of the batch, and nothing is planned anew.
# A renewal that a fail-over forgets comes back with its client's next refresh. Everything else waits for the standby:
# what was ended must not come back to life, and a grant that was opened must not be gone.
_WAITING: Final[Mapping[Durability, str]] = {"replicated": "", "local": "-c synchronous_commit=local"}
_WAIT_FOR_THE_DISK: Final = text("SET LOCAL synchronous_commit TO local")
_PLANS: Final = (
    "-c plan_cache_mode=force_generic_plan -c jit=off"
    " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
)


def engine(url: URL, *, connections: int, options: str = "", autocommit: bool = False) -> Engine:
    """An engine on psycopg. READ COMMITTED is enough: what a verb relies on is in its conditions or locked."""
    return _engine(url, options, autocommit=autocommit, pool_size=connections, max_overflow=0)


def lender(url: URL, options: str) -> Engine:
    """An engine that keeps no connection: who borrows one from it never waits for another who does.

    A pool makes the second of two wait until the first has given back what it was lent. Here nothing is given back, and
    of a first attempt that failed, with the database away, the second heard nothing for half a minute.
    """
    return _engine(url, options, autocommit=True, poolclass=NullPool)


def _engine(url: URL, options: str, *, autocommit: bool, **pool: Any) -> Engine:  # Any: as create_engine has it
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        **pool,
        isolation_level="AUTOCOMMIT" if autocommit else "READ COMMITTED",
        # Without a transaction there is nothing to take back when a connection returns.
        pool_reset_on_return=None if autocommit else "rollback",
        use_native_hstore=False,
        connect_args={**_NETWORK, "options": options},
        hide_parameters=True,
    )


class PostgresRunner:
    """Runner on one PostgreSQL database. `in_flight`: batches of each kind under way at once.

    `renewals`: what a renewal without events waits for. One that adopts a generation has an event, and waits for all.

    One is best on the same machine or network: the next batch grows while it commits. Where a round trip takes long
    (another region), more of them hide it.
    """

    def __init__(
        self, url: URL, connections: int = CONNECTIONS, in_flight: int = 1, renewals: Durability = "replicated"
    ) -> None:
        self.observers: list[Observer] = []
        self._durability: Durability = renewals
        self._readers = Workers("evergrant-postgres-reader", threads=connections, queue=QUEUE, answer_s=ANSWER_S)
        self._asking = engine(url, connections=connections, options=_ASKING, autocommit=True)
        self._writers = Workers("evergrant-postgres-writer", threads=connections, queue=QUEUE)
        self._writing = engine(url, connections=connections, options=_WRITING)
        reading = lender(url, f"{_ASKING} {_PLANS}")
        waiting = f"{_RENEWING} {_PLANS} {_WAITING[renewals]}"
        renewing = lender(url, waiting)
        self._lent = (reading, renewing)
        told = self.observers
        self._grants = Lines(hot.GRANTS, partial(lend, reading), self._grant_apart, told, in_flight)
        self._claims = Lines(hot.CLAIMS, partial(lend, reading), self._claim_apart, told, in_flight)
        self._renewals = Lines(hot.RENEWALS, partial(lend, renewing), self._renew_apart, told, in_flight)

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

    async def grant(self, wanted: WantedGrant, /) -> GrantFacts | None:
        return await self._grants.put(wanted)

    async def is_claimed(self, wanted: WantedClaim, /) -> bool:
        return await self._claims.put(wanted)

    async def renew(self, wanted: WantedRenewal, /) -> Done | Superseded:
        return await self._renewals.put(wanted)

    async def close(self) -> None:
        for lines in (self._grants, self._claims, self._renewals):
            await lines.close()
        await self._readers.close()
        await self._writers.close()
        for engine_ in (self._asking, self._writing, *self._lent):
            engine_.dispose()

    async def _grant_apart(self, wanted: WantedGrant) -> GrantFacts | None:
        return await self.ask(questions.grant, wanted.realm, wanted.grant_id)

    async def _claim_apart(self, wanted: WantedClaim) -> bool:
        return await self.ask(questions.is_claimed, wanted.realm, wanted.kind, wanted.claim)

    async def _renew_apart(self, wanted: WantedRenewal) -> Done | Superseded:
        return await self.commit(_RENEW_APART[self._durability], wanted)


def _renew(connection: Connection, wanted: WantedRenewal) -> Done | Superseded:
    return grants.renew(connection, wanted.realm, wanted.renewal, ())


def _renew_on_this_disk(connection: Connection, wanted: WantedRenewal) -> Done | Superseded:
    connection.execute(_WAIT_FOR_THE_DISK)
    return _renew(connection, wanted)


_RENEW_APART: Final[Mapping[Durability, Callable[[Connection, WantedRenewal], Done | Superseded]]] = {
    "replicated": _renew,
    "local": _renew_on_this_disk,
}


def lend(engine: Engine) -> DriverConnection:
    """A connection as the engine makes it, which it forgets."""
    borrowed = engine.raw_connection()
    connection = borrowed.driver_connection
    borrowed.detach()
    if not isinstance(connection, psycopg.Connection):
        raise TypeError("hot statements need psycopg")
    return connection
