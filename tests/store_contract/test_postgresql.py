"""What is PostgreSQL's own: updates in place, connections that die, servers that stop, deadlocks."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import make_url

from evergrant.core.ports.ledger import Done, RevokeAll, RevokeWhere, Saved, Superseded
from evergrant.core.ports.reader import StoreUnavailable
from evergrant.protocol.values import SubjectId
from evergrant.store import schema
from evergrant.store.open import open_store
from evergrant.store.sql.postgres import PostgresRunner
from evergrant.store.sql.store import SqlStore
from evergrant.store.upgrade import upgrade
from evergrant.testing.store_contract.facts import (
    ADA,
    BY_OPERATOR,
    SECOND,
    WEB,
    a_realm,
    a_renewal,
    after,
    an_active,
    an_event,
    grant_id,
)
from evergrant.testing.store_contract.tenant import Tenant, settle
from tests.support.postgres import PostgresServer
from tests.support.statements import statements
from tests.support.waiting import until

ONE = grant_id(1)


@pytest.fixture
async def store(postgresql_url: str) -> AsyncIterator[SqlStore]:
    """A store with one connection for questions and one for verbs."""
    store = SqlStore(PostgresRunner(make_url(postgresql_url), connections=1))
    yield store
    await store.close()


@pytest.fixture
async def tenant(store: SqlStore) -> Tenant:
    tenant = await settle(store, a_realm())
    await tenant.opened(an_active(ONE))
    return tenant


def cut(url: str) -> int:
    """Terminate everybody else's connection to this database; how many."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return len(ended.fetchall())


async def test_nothing_that_a_renewal_writes_is_in_an_index(tenant: Tenant, store: SqlStore) -> None:
    with statements(store) as heard:
        await tenant.here.renew(a_renewal(await tenant.grant(ONE), after(SECOND)), events=())
    (sent,) = (statement for statement in heard if statement.startswith("UPDATE"))
    assignments = sent.partition(" SET ")[2].partition(" WHERE ")[0]
    written = set(re.findall(r"(\w+) = ", assignments))
    assert {"generation", "renewed_at", "previous_renewed_at", "used_at", "retries", "user_agent"} < written
    for index in schema.grants.indexes:
        condition = str(index.dialect_options["postgresql"]["where"])
        assert not written & {column.name for column in index.columns}
        assert not any(name in condition for name in written)


async def test_renewals_are_updates_in_place(private_postgres: PostgresServer) -> None:
    """On a server of its own: a writer in whatever database of a server keeps old versions of rows alive."""
    url = private_postgres.new_database()
    upgrade(url)
    store = open_store(url)
    tenant = await settle(store, a_realm())
    for number in range(2, 12):
        await tenant.opened(an_active(grant_id(number)))
    for step in range(1, 11):
        for number in range(2, 12):
            grant = await tenant.grant(grant_id(number))
            await tenant.here.renew(a_renewal(grant, after(step * SECOND)), events=())
    await store.close()  # a connection reports what it counted when it ends
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        counted = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'grants'"

        def all_told() -> bool:
            return bool((connection.execute(counted).fetchone() or (0,))[0] == 100)

        await asyncio.to_thread(until, all_told, what="the counts of the connections")
        _, in_place = connection.execute(counted).fetchone() or (0, 0)
    assert in_place >= 95


async def test_the_clock_of_the_database_is_told_in_milliseconds(store: SqlStore) -> None:
    first, second = (await store.health()).now, (await store.health()).now
    assert first is not None
    assert second is not None
    assert 1_700_000_000_000 < first <= second < 4_000_000_000_000


async def test_idle_connections_that_were_cut_are_not_noticed(tenant: Tenant, postgresql_url: str) -> None:
    grant = await tenant.grant(ONE)
    assert cut(postgresql_url) == 2
    assert await tenant.grant(ONE) == grant
    assert await tenant.here.renew(a_renewal(grant, after(SECOND)), events=()) == Done()
    assert cut(postgresql_url) == 2
    await tenant.here.record([an_event()])
    assert (await tenant.grant(ONE)).generation == 2


async def test_a_connection_cut_inside_a_verb_does_it_once(tenant: Tenant, postgresql_url: str) -> None:
    """The verb waits for a lock when its connection dies; it is run again and writes its event once."""
    grant = await tenant.grant(ONE)
    with psycopg.connect(postgresql_url.replace("+psycopg", "")) as holder:
        holder.execute("SELECT 1 FROM grants FOR UPDATE")
        renewing = asyncio.ensure_future(tenant.here.renew(a_renewal(grant, after(SECOND)), events=[an_event()]))
        await waiting_for_a_lock(postgresql_url)
        cut_waiting(postgresql_url)
        await waiting_for_a_lock(postgresql_url)
        holder.rollback()
    assert await renewing == Done()
    assert (await tenant.grant(ONE)).generation == 2
    assert await tenant.events() == (an_event(),)


WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def waiting_for_a_lock(url: str) -> None:
    """Return when somebody waits for a lock."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        await asyncio.to_thread(until, lambda: connection.execute(WAITING).fetchall(), what="a wait for a lock")


def cut_waiting(url: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for (pid,) in connection.execute(WAITING).fetchall():
            assert connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)


async def test_who_would_wait_for_ever_is_answered(tenant: Tenant, postgresql_url: str) -> None:
    """Somebody holds the row and never lets go: unavailable after the lock timeout, and nothing is written."""
    grant = await tenant.grant(ONE)
    with psycopg.connect(postgresql_url.replace("+psycopg", "")) as holder:
        holder.execute("SELECT 1 FROM grants FOR UPDATE")
        with pytest.raises(StoreUnavailable, match="LockNotAvailable"):
            await tenant.here.renew(a_renewal(grant, after(SECOND)), events=())
    assert await tenant.grant(ONE) == grant


async def test_deadlocks_are_tried_again(postgresql_url: str) -> None:
    """Verbs that end many grants may meet in any order; whoever is sent back tries again."""
    store = open_store(postgresql_url)
    tenant = await settle(store, a_realm())
    everything = RevokeAll((RevokeWhere(subject=ADA), RevokeWhere(client_id=WEB)), BY_OPERATOR)
    for round_ in range(5):
        for number in range(round_ * 40 + 1, round_ * 40 + 41):
            await tenant.opened(an_active(grant_id(number), offline=number % 2 == 0))
        by_subject = RevokeAll((RevokeWhere(only_online=True), RevokeWhere(subject=ADA)), BY_OPERATOR)
        outcomes = await asyncio.gather(
            *(tenant.here.revoke_all(revoke, events=()) for revoke in (everything, by_subject) * 3)
        )
        assert sum(outcome.revoked for outcome in outcomes) == 40
    await store.close()


async def test_a_read_only_database_is_unavailable_and_keeps_everything(tenant: Tenant, postgresql_url: str) -> None:
    grant = await tenant.grant(ONE)
    name = make_url(postgresql_url).database
    with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
    cut(postgresql_url)
    with pytest.raises(StoreUnavailable, match="ReadOnlySqlTransaction"):
        await tenant.here.renew(a_renewal(grant, after(SECOND)), events=())
    assert await tenant.grant(ONE) == grant
    with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
    cut(postgresql_url)
    assert await tenant.here.renew(a_renewal(grant, after(SECOND)), events=()) == Done()


async def test_a_server_that_stops_is_unavailable_and_found_again(private_postgres: PostgresServer) -> None:
    url = private_postgres.new_database()
    upgrade(url)
    store = open_store(url)
    tenant = await settle(store, a_realm())
    grant = await tenant.opened(an_active(ONE))
    assert await tenant.here.renew(a_renewal(grant, after(SECOND)), events=()) == Done()
    private_postgres.crash()
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await tenant.grant(ONE)
        with pytest.raises(StoreUnavailable):
            await tenant.here.renew(a_renewal(grant, after(SECOND)), events=())
    private_postgres.start()
    # What was acknowledged before the crash is there; what was refused is not.
    assert (await tenant.grant(ONE)).generation == 2
    assert await tenant.here.renew(a_renewal(grant, after(SECOND)), events=()) == Superseded()
    await store.close()


async def test_a_name_taken_in_the_same_moment_is_superseded_not_an_error(postgresql_url: str) -> None:
    store = open_store(postgresql_url)
    tenant = await settle(store, a_realm())
    people = []
    for number in range(6):
        subject = replace(tenant.subject, id=SubjectId(f"s-{number}"), username=f"name-{number}")
        await tenant.here.add_subject(subject, None, events=())
        people.append(replace(subject, username="wanted"))
    outcomes = await asyncio.gather(
        *(
            tenant.here.save_subject(subject, password_hash=None, end_sessions=False, revoke=None, events=())
            for subject in people
        )
    )
    assert outcomes.count(Saved()) == 1
    assert outcomes.count(Superseded()) == 5
    await store.close()


async def test_a_closed_store_leaves_no_connection(postgresql_url: str) -> None:
    store = open_store(postgresql_url)
    await asyncio.gather(*(store.realms() for _ in range(8)))
    await store.close()
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND application_name = 'evergrant'"
    )

    with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as connection:
        until(lambda: connection.execute(others).fetchone() == (0,), what="every connection is closed")
