"""What a refresh asks of SQLite: where it runs, and how SQLite finds its rows."""

import asyncio
import sqlite3.dbapi2
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import ModuleType

import pytest

from evergrant.store.sql.hot import sqlite as hot
from evergrant.store.sql.hot.shapes import WantedGrant
from evergrant.store.sql.reading import HotReader
from evergrant.store.sql.sqlite import SqliteRunner, driver, engine
from evergrant.store.sql.store import SqlStore
from evergrant.testing.store_contract.facts import a_realm, an_active, grant_id
from evergrant.testing.store_contract.tenant import settle

ONE = WantedGrant(a_realm().id, grant_id(1))
OURS = "the event loop's"


@pytest.fixture
async def filled(sqlite_path: Path) -> Path:
    store = SqlStore(SqliteRunner(sqlite_path))
    tenant = await settle(store, a_realm())
    for number in range(1, 9):
        await tenant.opened(an_active(grant_id(number)))
    await store.close()
    return sqlite_path


@pytest.fixture
async def reader_on(filled: Path) -> AsyncIterator[Callable[[float], tuple[HotReader, list[str]]]]:
    """A reader that calls so many seconds slow, and in which threads its statements were sent."""
    opened: list[HotReader] = []
    asking = engine(filled, connections=1, begin=None)

    def make(slow_s: float) -> tuple[HotReader, list[str]]:
        seen: list[str] = []
        loops = threading.get_ident()

        def note(_statement: str) -> None:
            here = threading.current_thread()
            seen.append(OURS if here.ident == loops else here.name.partition("_")[0])

        opened.append(HotReader(asking, driver().Error, [note], slow_s=slow_s))
        return opened[-1], seen

    yield make
    for reader in opened:
        await reader.close()
    asking.dispose()


async def test_the_loop_asks_itself_once_the_database_is_open(
    reader_on: Callable[[float], tuple[HotReader, list[str]]],
) -> None:
    reader, seen = reader_on(60.0)
    for _ in range(3):
        assert (await reader.ask(ONE)).grant.id == ONE.grant_id
    assert seen == ["evergrant-sqlite-hot-reader", OURS, OURS]


async def test_a_disk_that_is_slow_holds_up_the_loop_once_and_then_a_thread(
    reader_on: Callable[[float], tuple[HotReader, list[str]]],
) -> None:
    reader, seen = reader_on(0.0)
    for _ in range(4):
        assert (await reader.ask(ONE)).grant.id == ONE.grant_id
    assert seen == ["evergrant-sqlite-hot-reader", OURS, *["evergrant-sqlite-hot-reader"] * 2]


async def test_many_who_ask_at_once_are_answered_a_few_at_a_time(
    reader_on: Callable[[float], tuple[HotReader, list[str]]],
) -> None:
    reader, seen = reader_on(60.0)
    await reader.ask(ONE)
    found = await asyncio.gather(*(reader.ask(ONE) for _ in range(100)))
    assert {facts.grant.id for facts in found} == {ONE.grant_id}
    assert len(seen) == 1 + 4


@pytest.mark.parametrize("module", [driver(), sqlite3.dbapi2], ids=["newest", "python's own"])
@pytest.mark.parametrize("size", [2, 64])
async def test_a_batch_finds_its_grants_by_their_keys(filled: Path, module: ModuleType, size: int) -> None:
    """However few grants there are: read from end to end, ten million would be read for each batch."""
    connection = module.connect(filled)
    connection.execute(hot.PLANS)
    for statement in (hot.grants_statement(size), hot.renewals_statement(size)):
        values = (None,) * statement.count("?")
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
        tables = [step for step in plan if step.split()[1] in ("grants", "g")]
        assert len(tables) == 1, plan
        assert tables[0].startswith("SEARCH"), plan
        assert "(id=?)" in tables[0], plan
    connection.close()
