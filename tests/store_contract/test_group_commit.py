"""Group commit on real databases: many renewals, one transaction, and to each its own outcome."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Sequence
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, text

from evergrant.core.facts import Caller
from evergrant.core.ports.ledger import Done, Superseded
from evergrant.core.ports.reader import StoreUnavailable
from evergrant.core.ports.store import Store
from evergrant.store.open import open_store
from evergrant.store.sql.sqlite import SqliteRunner
from evergrant.store.sql.store import SqlStore
from evergrant.testing.store_contract.facts import SECOND, a_realm, a_renewal, after, an_active, an_event, grant_id
from evergrant.testing.store_contract.tenant import MakeStore, Tenant, settle
from tests.support.statements import statements
from tests.support.waiting import until

MANY = tuple(grant_id(number) for number in range(1, 21))
ONE = MANY[0]


@pytest.fixture
async def tenant(make_store: MakeStore) -> Tenant:
    tenant = await settle(await make_store(), a_realm())
    for one in MANY:
        await tenant.opened(an_active(one))
    return tenant


EVERYWHERE = pytest.mark.parametrize("make_store", ["sqlite", "old sqlite", "postgresql"], indirect=True)


def sql(store: Store) -> SqlStore:
    assert isinstance(store, SqlStore)
    return store


@EVERYWHERE
async def test_two_copies_of_one_renewal_in_one_batch_have_one_winner(tenant: Tenant) -> None:
    """Answered per item, never per grant: matched by grant, every copy would have won."""
    grant = await tenant.grant(ONE)
    for round_ in range(1, 21):
        renewal = a_renewal(grant, after(round_ * SECOND))
        with statements(sql(tenant.store)) as heard:
            outcomes = await asyncio.gather(*(tenant.here.renew(renewal, events=()) for _ in range(5)))
        assert outcomes.count(Done()) == 1
        assert outcomes.count(Superseded()) == 4
        assert len([said for said in heard if said.startswith("-- committed")]) == 1
        grant = await tenant.grant(ONE)
        assert grant.generation == 1 + round_


@EVERYWHERE
async def test_copies_among_others_in_one_batch_leave_the_others_alone(tenant: Tenant) -> None:
    grants = [await tenant.grant(one) for one in MANY]
    renewals = [a_renewal(grant, after(SECOND)) for grant in (*grants, *reversed(grants))]
    outcomes = await asyncio.gather(*(tenant.here.renew(renewal, events=()) for renewal in renewals))
    assert outcomes.count(Done()) == len(MANY)
    assert {(await tenant.grant(one)).generation for one in MANY} == {2}


@EVERYWHERE
async def test_many_questions_are_answered_each_with_its_own(tenant: Tenant) -> None:
    wanted = (*MANY, *MANY, grant_id(999), *reversed(MANY))
    found = await asyncio.gather(*(tenant.here.grant(one) for one in wanted))
    assert [None if facts is None else facts.grant.id for facts in found] == [
        *MANY,
        *MANY,
        None,
        *reversed(MANY),
    ]
    claims = [bytes([number]) for number in range(9)]
    for claim in claims[::2]:
        await tenant.here.claim_once("jti", claim, after(SECOND), events=())
    told = await asyncio.gather(*(tenant.here.is_claimed("jti", claim) for claim in claims))
    assert told == [number % 2 == 0 for number in range(9)]


@pytest.mark.parametrize("make_store", ["sqlite", "postgresql"], indirect=True)
async def test_two_nodes_that_batch_the_same_grants_share_them_out(tenant: Tenant, make_store: MakeStore) -> None:
    """Neither waits for the other for ever, and each renewal has one winner."""
    other = (await make_store()).realm_store(tenant.realm.id)
    for round_ in range(1, 11):
        grants = [await tenant.grant(one) for one in MANY]
        renewals = [a_renewal(grant, after(round_ * SECOND)) for grant in grants]
        here = [tenant.here.renew(renewal, events=()) for renewal in renewals]
        there = [other.renew(renewal, events=()) for renewal in reversed(renewals)]
        outcomes = await asyncio.gather(*here, *there)
        assert outcomes.count(Done()) == len(MANY)
        assert {(await tenant.grant(one)).generation for one in MANY} == {1 + round_}


# --- SQLite's writer ----------------------------------------------------------------


@pytest.fixture
async def runner(sqlite_path: Path) -> AsyncIterator[SqliteRunner]:
    runner = SqliteRunner(sqlite_path)
    yield runner
    await runner.close()


@pytest.fixture
async def on_sqlite(runner: SqliteRunner) -> Tenant:
    tenant = await settle(SqlStore(runner), a_realm())
    for one in MANY:
        await tenant.opened(an_active(one))
    return tenant


async def queued_behind(runner: SqliteRunner, work: Sequence[Awaitable[object]]) -> list[object]:
    """Hold the writer until all of this waits for it; then what became of each."""
    gate = threading.Event()
    held = asyncio.ensure_future(runner.commit(lambda _: gate.wait()))
    await asyncio.sleep(0)
    waiting = asyncio.gather(*work, return_exceptions=True)
    await asyncio.sleep(0)
    gate.set()
    await held
    return list(await waiting)


async def test_whatever_is_queued_is_one_transaction(runner: SqliteRunner, on_sqlite: Tenant) -> None:
    renewals = [a_renewal(await on_sqlite.grant(one), after(SECOND)) for one in MANY]
    work: list[Awaitable[object]] = [on_sqlite.here.renew(renewal, events=()) for renewal in renewals]
    with statements(sql(on_sqlite.store)) as heard:
        outcomes = await queued_behind(runner, [*work, on_sqlite.here.record([an_event()])])
    assert outcomes == [Done()] * len(MANY) + [None]
    assert heard.count("BEGIN IMMEDIATE") <= 2  # what held the writer, and the batch


async def test_one_that_fails_never_fails_its_neighbours(runner: SqliteRunner, on_sqlite: Tenant) -> None:
    def fail(connection: Connection) -> None:
        connection.execute(text("INSERT INTO events SELECT * FROM nowhere"))

    def be_wrong(connection: Connection) -> None:
        connection.execute(text("DELETE FROM grants"))
        raise ZeroDivisionError

    first, second = [a_renewal(await on_sqlite.grant(one), after(SECOND)) for one in MANY[:2]]
    outcomes = await queued_behind(
        runner,
        [
            on_sqlite.here.renew(first, events=()),
            runner.commit(fail),
            runner.commit(be_wrong),
            on_sqlite.here.renew(second, events=()),
        ],
    )
    assert outcomes[0] == outcomes[3] == Done()
    assert isinstance(outcomes[1], StoreUnavailable)
    assert isinstance(outcomes[2], ZeroDivisionError)
    assert [(await on_sqlite.grant(one)).generation for one in MANY[:3]] == [2, 2, 1]


async def test_the_log_moves_into_the_database_beside_the_commits(on_sqlite: Tenant, sqlite_path: Path) -> None:
    await on_sqlite.here.record([an_event(detail={"text": "x" * 5_000})] * 100)
    await asyncio.to_thread(until, lambda: sqlite_path.stat().st_size > 500_000, what="a checkpoint")


# --- PostgreSQL's batches ------------------------------------------------------------


async def test_a_row_that_somebody_holds_does_not_hold_up_its_neighbours(postgresql_url: str) -> None:
    store = open_store(postgresql_url)
    tenant = await settle(store, a_realm())
    for one in MANY:
        await tenant.opened(an_active(one))
    renewals = [a_renewal(await tenant.grant(one), after(SECOND)) for one in MANY]
    with psycopg.connect(postgresql_url.replace("+psycopg", "")) as holder:
        holder.execute("SELECT 1 FROM grants WHERE id = %s FOR UPDATE", [ONE])
        held, *others = [asyncio.ensure_future(tenant.here.renew(renewal, events=())) for renewal in renewals]
        assert await asyncio.gather(*others) == [Done()] * len(others)
        assert not held.done()
        holder.rollback()
    assert await held == Done()
    await store.close()


async def test_a_client_text_that_the_database_cannot_hold_fails_nobody(postgresql_url: str) -> None:
    """A user agent with NUL or half a character is stored with what cannot be held replaced."""
    store = open_store(postgresql_url)
    tenant = await settle(store, a_realm())
    for one in MANY[:3]:
        await tenant.opened(an_active(one))
    callers = [Caller("a\0b"), Caller("half \ud800"), Caller("whole")]
    grants = [await tenant.grant(one) for one in MANY[:3]]
    renewals = [a_renewal(grant, after(SECOND), caller=who) for grant, who in zip(grants, callers, strict=True)]
    assert await asyncio.gather(*(tenant.here.renew(one, events=()) for one in renewals)) == [Done()] * 3
    await store.close()
