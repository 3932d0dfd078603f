"""What a refresh may cost, in numbers that do not depend on the machine (design/performance.md): counted, not timed."""

import asyncio
import gc
import sys
from collections import Counter
from functools import partial
from itertools import pairwise

from sqlalchemy import func, select

from evergrant.store.schema import metadata
from evergrant.store.sql.store import SqlStore
from tests.budgets.conftest import Watched
from tests.faults.line import Line
from tests.faults.storm import storm
from tests.support.statements import statements
from tests.support.waiting import until

ALONE = 50
TOGETHER = 1_000
CLIENTS = 16
STRETCH = 2_000
STRETCHES = 3
MOST_BLOCKS = STRETCH // 3
"""Blocks of memory that may be more after a stretch: one that each refresh left behind would be three times as many."""


def kind(statement: str) -> str:
    """`SELECT grants`, `UPDATE grants`; what else there is, as its verb and its first table."""
    words = statement.replace(",", " ").split()
    verb = words[0].upper()
    if verb not in {"SELECT", "INSERT", "DELETE"}:
        return " ".join([verb, *words[1:2]])
    after = {"SELECT": "FROM", "INSERT": "INTO", "DELETE": "FROM"}[verb]
    tables = [word for word in words[words.index(after) + 1 :] if word in metadata.tables]
    return f"{verb} {tables[0]}"


def rows(store: SqlStore) -> dict[str, int]:
    """How many rows each table has."""
    with store.engines()[0].connect() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


def test_a_refresh_is_one_read_and_one_write_and_adds_no_row(watched: Watched) -> None:
    """One after the other: a batch of one each. Once a second the server asks whether its settings still hold."""
    (token,) = watched.stock.tokens(1)

    async def refresh(token: str, times: int) -> str:
        line = Line(watched.port)
        for _ in range(times):
            token = (await line.refresh(watched.stock.program, token)).refresh_token
        await line.hang_up()
        return token

    token = asyncio.run(refresh(token, 3))
    before = rows(watched.store)
    with statements(watched.store) as heard:
        asyncio.run(refresh(token, ALONE))

    asked = Counter(kind(statement) for statement in heard if not statement.startswith(("BEGIN", "COMMIT", "--")))
    assert (asked.pop("SELECT grants"), asked.pop("UPDATE grants")) == (ALONE, ALONE)
    assert asked.keys() <= {"SELECT realms"}
    assert rows(watched.store) == before


def test_a_thousand_refreshes_together_write_no_more_than_a_thousand_times(watched: Watched) -> None:
    """In batches there are at most as many statements as there are refreshes, fewer commits, and no row more."""
    tokens = watched.stock.tokens(CLIENTS)
    with storm([watched.port], watched.stock.program, tokens) as clients:
        clients.everybody_is_told("200")
    tokens = [chain.token for chain in clients.chains]
    before = rows(watched.store)

    with statements(watched.store) as heard, storm([watched.port], watched.stock.program, tokens) as clients:
        until(partial(clients.have_done, TOGETHER), what="a thousand refreshes")

    clients.assert_no_complaint()
    refreshed, asked = clients.told("200"), Counter(kind(statement) for statement in heard)
    assert asked["SELECT grants"] <= refreshed
    assert asked["UPDATE grants"] <= refreshed
    assert asked["-- committed"] < refreshed
    assert {name for name in asked if name.startswith(("INSERT", "DELETE"))} == set()
    assert rows(watched.store) == before


def test_memory_does_not_grow_with_the_number_of_refreshes(watched: Watched) -> None:
    """What the server learns late falls into one stretch; what every refresh leaves behind would be in each."""
    tokens, blocks = watched.stock.tokens(CLIENTS), []

    for _ in range(1 + STRETCHES):
        with storm([watched.port], watched.stock.program, tokens) as clients:
            until(partial(clients.have_done, STRETCH), what="the refreshes", seconds=120)
        clients.assert_no_complaint()
        tokens = [chain.token for chain in clients.chains]
        gc.collect()
        blocks.append(sys.getallocatedblocks())

    growths = [after - before for before, after in pairwise(blocks[1:])]
    assert min(growths) < MOST_BLOCKS, growths
