"""Clients hang up while their renewal is being committed: it stands, and the retry is given the same. R-002, R-012"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.faults.crowd import hang_up_on, refresh_each
from tests.faults.processes import processes
from tests.faults.stock import Stock
from tests.faults.storm import Chain, generation_of
from tests.support.server import Server
from tests.support.waiting import until

CLIENTS = 32


@contextmanager
def nothing_is_written(stock: Stock) -> Iterator[None]:
    """Commits wait in the block; questions are answered."""
    if stock.url.startswith("sqlite"):
        with processes(1, "tests.faults.locker", stock.url.removeprefix("sqlite:///")) as (shell,):
            assert shell.hear() == ["locked"]
            yield
    else:
        with psycopg.connect(stock.url.replace("+psycopg", "")) as holder:
            holder.execute("LOCK TABLE grants IN SHARE MODE")
            yield
            holder.rollback()


def test_a_client_that_hangs_up_stops_nothing(servers: list[Server]) -> None:
    """All at once, so that those who hung up are in one batch with each other."""
    server = servers[0]
    stock = Stock.of(server)
    tokens = stock.tokens(CLIENTS)
    chains = [Chain(token) for token in tokens]

    with nothing_is_written(stock):
        asyncio.run(hang_up_on(server.port, stock.program, tokens))
        assert {row.generation for row in stock.rows(chains)} == {1}

    until(lambda: {row.generation for row in stock.rows(chains)} == {2}, what="every renewal was committed")
    retried = asyncio.run(refresh_each(server.port, stock.program, tokens))
    assert {generation_of(token) for token in retried} == {2}
    assert asyncio.run(refresh_each(server.port, stock.program, tokens)) == retried
    following = asyncio.run(refresh_each(server.port, stock.program, retried))
    assert {generation_of(token) for token in following} == {3}
    stock.assert_no_alarm(chains)
