"""PostgreSQL is restarted under load, or lets nobody in: the server finds it again by itself. R-002, S-047"""

import pytest

from tests.faults.stock import Stock
from tests.faults.storm import Storm, storm
from tests.faults.turnstile import Turnstile
from tests.support.postgres import PostgresServer
from tests.support.server import Server, StartServer
from tests.support.waiting import until

CLIENTS = 64
CRASHES = 2


def recovered(clients: Storm, stock: Stock) -> None:
    """Everybody goes on with the token that they hold, and what they were told is so."""
    clients.everybody_is_told("200")
    stock.assert_kept(clients.chains)


def test_a_postgresql_that_is_restarted_under_load_costs_nobody_a_token(
    private_postgres: PostgresServer, start_server: StartServer
) -> None:
    """As after a power cut, in the middle of whatever was being committed; nothing is done to the server itself."""
    server = start_server(settings={"EVERGRANT_DATABASE__URL": private_postgres.new_database()})
    stock = Stock.of(server)

    with storm([server.port], stock.program, stock.tokens(CLIENTS)) as clients:
        for _ in range(CRASHES):
            clients.everybody_is_told("200")
            private_postgres.crash()
            clients.everybody_is_told("503")
            assert server.status_of("/healthz") == 200
            private_postgres.start()
            recovered(clients, stock)

    clients.assert_no_complaint()
    assert clients.told("lost") == 0
    stock.assert_no_alarm(clients.chains)


@pytest.fixture
def turnstile(postgres: PostgresServer, start_server: StartServer) -> tuple[Server, Turnstile]:
    """A server whose database role may have only so many connections. Both end with the run's PostgreSQL."""
    url = postgres.new_database()
    turnstile = Turnstile(url, f"few_{url.rpartition('/')[2]}")
    turnstile.build()
    server = start_server(settings={"EVERGRANT_DATABASE__URL": turnstile.url})
    return server, turnstile


def test_a_connection_limit_is_told_to_clients_and_to_the_operator(turnstile: tuple[Server, Turnstile]) -> None:
    """Nobody is let in, and those who were in are put out; then the door is open again."""
    server, limit = turnstile
    stock = Stock.of(server)

    with storm([server.port], stock.program, stock.tokens(CLIENTS)) as clients:
        clients.everybody_is_told("200")
        limit.let_in(0)
        clients.everybody_is_told("503")
        until(lambda: "too many connections" in server.log(), what="the log says what the trouble is")
        limit.open()
        recovered(clients, stock)

    clients.assert_no_complaint()
    assert clients.told("lost") == 0
    stock.assert_no_alarm(clients.chains)
