"""A whole store on SQL."""

from collections.abc import Callable

from sqlalchemy import Connection, Engine, text

from evergrant.core.facts import Realm
from evergrant.core.ports.ledger import Done, Taken
from evergrant.core.ports.reader import StoreHealth
from evergrant.protocol.values import Millis, RealmId
from evergrant.store.sql import configuration, questions, revisions
from evergrant.store.sql.hot.shapes import Observer
from evergrant.store.sql.realm_store import SqlRealm
from evergrant.store.sql.runner import Runner

_CLOCKS = {
    "sqlite": text("SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"),
    "postgresql": text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"),
}


class SqlStore:
    """Store on whatever database its runner runs."""

    def __init__(self, runner: Runner) -> None:
        self._run = runner

    def realm_store(self, realm: RealmId, /) -> SqlRealm:
        return SqlRealm(self._run, realm)

    async def create_realm(self, realm: Realm, /) -> Done | Taken:
        return await self._run.commit(configuration.create_realm, realm)

    async def realms(self) -> tuple[Realm, ...]:
        return await self._run.ask(questions.all_realms)

    async def health(self) -> StoreHealth:
        return await self._run.ask(_health)

    async def close(self) -> None:
        await self._run.close()

    def engines(self) -> tuple[Engine, ...]:
        """What statements go through, for tests that count or disturb them."""
        return self._run.engines

    def watch(self, observer: Observer) -> Callable[[], None]:
        """Tell `observer` of the statements that do not go through an engine; what is returned ends that."""
        self._run.observers.append(observer)
        return lambda: self._run.observers.remove(observer)


def _health(connection: Connection) -> StoreHealth:
    now = connection.execute(_CLOCKS[connection.dialect.name]).scalar_one()
    return StoreHealth(revisions.state(connection), Millis(now))
