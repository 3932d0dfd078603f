"""The seam between the event loop and the threads: bounded, shielded, and silent about what was in a statement."""

import asyncio
import re
import threading
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from evergrant.core.ports.reader import StoreUnavailable
from evergrant.store.sql.sqlite import SqliteRunner
from evergrant.store.sql.store import SqlStore
from evergrant.store.sql.workers import Workers
from evergrant.testing.store_contract.facts import a_realm, a_subject, an_event
from evergrant.testing.store_contract.tenant import settle


@pytest.fixture
async def gate() -> AsyncIterator[threading.Event]:
    """Opens at the end of the test at the latest, so that no thread waits for ever."""
    gate = threading.Event()
    yield gate
    gate.set()


async def test_who_finds_the_queue_full_is_told_at_once(gate: threading.Event) -> None:
    workers = Workers("test", threads=1, queue=2)
    first = asyncio.ensure_future(workers.run(gate.wait))
    second = asyncio.ensure_future(workers.run(lambda: "second"))
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable, match="too many"):
        await workers.run(lambda: "third")
    gate.set()
    assert await first
    assert await second == "second"
    # There is room again.
    assert await workers.run(lambda: "fourth") == "fourth"
    await workers.close()


async def test_a_job_that_nobody_began_in_time_is_withdrawn(gate: threading.Event) -> None:
    workers = Workers("test", threads=1, queue=9, patience_s=0.05)
    ran: list[str] = []
    first = asyncio.ensure_future(workers.run(gate.wait))
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable, match="in time"):
        await workers.run(lambda: ran.append("late"))
    gate.set()
    # Patience is for the queue: a job that was begun is waited for, however long it takes.
    assert await first
    await workers.close()
    assert ran == []


async def test_nobody_waits_for_ever_for_an_answer(gate: threading.Event) -> None:
    workers = Workers("test", threads=1, queue=9, answer_s=0.05)
    with pytest.raises(StoreUnavailable, match="did not answer"):
        await workers.run(gate.wait)
    gate.set()
    assert await workers.run(lambda: "next") == "next"
    await workers.close()


async def test_a_caller_who_is_cancelled_stops_nothing(gate: threading.Event) -> None:
    workers = Workers("test", threads=1, queue=9)
    ran: list[str] = []
    running = asyncio.ensure_future(workers.run(gate.wait))
    queued = asyncio.ensure_future(workers.run(lambda: ran.append("queued")))
    await asyncio.sleep(0)
    for caller in (running, queued):
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
    gate.set()
    await workers.close()
    assert ran == ["queued"]


async def test_closing_lets_what_was_taken_finish(gate: threading.Event) -> None:
    workers = Workers("test", threads=1, queue=9)
    jobs = [asyncio.ensure_future(workers.run(gate.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    gate.set()
    await workers.close()
    assert await asyncio.gather(*jobs) == [True] * 3
    with pytest.raises(StoreUnavailable, match="closed"):
        await workers.run(gate.wait)


def _break_events(connection: Connection) -> None:
    connection.execute(text("CREATE TRIGGER broken BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'broken'); END"))


async def test_an_error_tells_neither_statement_nor_values(sqlite_path: Path) -> None:
    """Invariant 7: not in the text, not in the traceback that a log would show."""
    runner = SqliteRunner(sqlite_path)
    await runner.commit(_break_events)
    tenant = await settle(SqlStore(runner), a_realm())
    secret = "hunter2-hash"
    with pytest.raises(StoreUnavailable) as failed:
        await tenant.here.add_subject(a_subject("bob", "bob"), secret, events=[an_event(reason=secret)])
    assert re.fullmatch(r"the database failed: IntegrityError \(SQLITE_CONSTRAINT\w*\)", str(failed.value))
    assert failed.value.__cause__ is not None
    assert secret not in "".join(traceback.format_exception(failed.value))
    await runner.close()


async def test_a_bug_is_not_passed_off_as_trouble_of_the_database(sqlite_path: Path) -> None:
    runner = SqliteRunner(sqlite_path)

    def buggy(connection: Connection) -> None:
        connection.execute(text("DELETE FROM realms"))
        raise ZeroDivisionError

    await settle(SqlStore(runner), a_realm())
    with pytest.raises(ZeroDivisionError):
        await runner.commit(buggy)
    assert len(await SqlStore(runner).realms()) == 1
    await runner.close()
