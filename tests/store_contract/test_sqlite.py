"""What is SQLite's own: a disk that is full, a file that others write, versions that bear one connection only."""

import asyncio
import multiprocessing
import sqlite3.dbapi2
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from evergrant.core.ports.ledger import Done
from evergrant.core.ports.reader import StoreUnavailable
from evergrant.store.sql.sqlite import SAFE_WITH_SEVERAL, SqliteRunner, driver
from evergrant.store.sql.store import SqlStore
from evergrant.testing.store_contract.facts import (
    SECOND,
    a_realm,
    a_renewal,
    after,
    an_active,
    an_event,
    grant_id,
)
from evergrant.testing.store_contract.tenant import Tenant, settle

ONE = grant_id(1)


@pytest.fixture
async def store(sqlite_path: Path) -> AsyncIterator[SqlStore]:
    store = SqlStore(SqliteRunner(sqlite_path))
    yield store
    await store.close()


@pytest.fixture
async def tenant(store: SqlStore) -> Tenant:
    tenant = await settle(store, a_realm())
    await tenant.opened(an_active(ONE))
    return tenant


def tell_the_writer(store: SqlStore, pragma: str) -> object:
    """Ask or set a pragma on the one connection that writes, outside of any transaction."""
    borrowed = store.engines()[0].raw_connection()
    told = borrowed.cursor().execute(f"PRAGMA {pragma}").fetchone()
    borrowed.close()
    return told[0] if told else None


async def test_every_commit_is_on_the_disk_before_it_is_answered(tenant: Tenant, store: SqlStore) -> None:
    assert tell_the_writer(store, "synchronous") == 2  # FULL
    assert tell_the_writer(store, "journal_mode") == "wal"


async def record_until_refused(tenant: Tenant) -> int:
    """How many events went in before the store had no room."""
    for number in range(1_000):
        try:
            await tenant.here.record([an_event(detail={"text": "x" * 500})])
        except StoreUnavailable:
            return number
    return 1_000


async def test_a_full_disk_is_unavailable_and_loses_nothing(tenant: Tenant, store: SqlStore) -> None:
    pages = tell_the_writer(store, "page_count")
    tell_the_writer(store, f"max_page_count = {pages}")
    written = await record_until_refused(tenant)
    assert 0 < written < 1_000
    assert len(await tenant.events()) == written
    # A renewal needs no new page, and goes on.
    grant = await tenant.grant(ONE)
    assert await tenant.here.renew(a_renewal(grant, after(SECOND)), events=()) == Done()
    tell_the_writer(store, "max_page_count = 1000000")
    await tenant.here.record([an_event(detail={"text": "x" * 500})])
    assert len(await tenant.events()) == written + 1


async def test_a_read_only_database_is_unavailable_and_keeps_everything(tenant: Tenant, store: SqlStore) -> None:
    grant = await tenant.grant(ONE)
    tell_the_writer(store, "query_only = on")
    with pytest.raises(StoreUnavailable):
        await tenant.here.renew(a_renewal(grant, after(SECOND)), events=())
    assert await tenant.grant(ONE) == grant
    tell_the_writer(store, "query_only = off")
    assert await tenant.here.renew(a_renewal(grant, after(SECOND)), events=()) == Done()


async def test_who_waits_too_long_for_another_writer_is_told(
    tenant: Tenant, store: SqlStore, sqlite_path: Path
) -> None:
    grant = await tenant.grant(ONE)
    tell_the_writer(store, "busy_timeout = 50")
    other = driver().connect(sqlite_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        await tenant.here.renew(a_renewal(grant, after(SECOND)), events=())
    # Who only asks does not wait for a writer.
    assert await tenant.grant(ONE) == grant
    other.execute("ROLLBACK")
    other.close()
    assert await tenant.here.renew(a_renewal(grant, after(SECOND)), events=()) == Done()


async def test_a_writer_that_is_done_soon_is_waited_for(tenant: Tenant, sqlite_path: Path) -> None:
    grant = await tenant.grant(ONE)
    other = driver().connect(sqlite_path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.2, lambda: other.execute("COMMIT"))
    release.start()
    assert await tenant.here.renew(a_renewal(grant, after(SECOND)), events=()) == Done()
    release.join()
    other.close()


def renew_in_another_process(path: Path, rounds: int) -> None:
    """Renew grant one as often as it takes to have won `rounds` times."""

    async def run() -> None:
        store = SqlStore(SqliteRunner(path))
        here = store.realm_store(a_realm().id)
        won = 0
        while won < rounds:
            facts = await here.grant(ONE)
            assert facts is not None
            renewal = a_renewal(facts.grant, after(facts.grant.generation * SECOND))
            won += await here.renew(renewal, events=[an_event()]) == Done()
        await store.close()

    asyncio.run(run())


async def test_several_processes_share_one_file(tenant: Tenant, sqlite_path: Path) -> None:
    """As the command line does beside a running server: each generation has one winner, none is lost."""
    spawned = multiprocessing.get_context("spawn")
    processes = [spawned.Process(target=renew_in_another_process, args=(sqlite_path, 25)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        await asyncio.to_thread(process.join, 60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert (await tenant.grant(ONE)).generation == 76
    assert len(await tenant.events()) == 75


async def test_an_old_sqlite_keeps_to_one_connection_and_says_so(sqlite_path: Path) -> None:
    assert sqlite3.dbapi2.sqlite_version_info < SAFE_WITH_SEVERAL
    with capture_logs() as logs:
        store = SqlStore(SqliteRunner(sqlite_path, sqlite3.dbapi2))
    assert [line["event"] for line in logs] == ["sqlite_single_connection"]
    tenant = await settle(store, a_realm())
    await asyncio.gather(*(tenant.here.record([an_event()]) for _ in range(20)), *(tenant.events() for _ in range(20)))
    assert {engine.pool.status() for engine in store.engines()} == {store.engines()[0].pool.status()}
    with store.engines()[0].connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM events")).scalar_one() == 20
    await store.close()


async def test_a_new_sqlite_is_used_where_there_is_one(store: SqlStore) -> None:
    assert driver().sqlite_version_info >= SAFE_WITH_SEVERAL
    assert store.engines()[0].pool is not store.engines()[1].pool
