"""kill -9 while sixty-four clients refresh: what was acknowledged is there, and everybody goes on. R-002"""

import pytest

from tests.faults.stock import Stock
from tests.faults.storm import storm
from tests.support.postgres import PostgresServer
from tests.support.server import Server, StartServer

CLIENTS = 64
KILLS = 3


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, start_server: StartServer) -> Server:
    """A server process of its own."""
    if request.param == "sqlite":
        return start_server()
    postgres: PostgresServer = request.getfixturevalue("postgres")
    return start_server(settings={"EVERGRANT_DATABASE__URL": postgres.new_database()})


def test_a_killed_server_has_lost_nothing_and_locks_nobody_out(server: Server) -> None:
    stock = Stock.of(server)

    with storm([server.port], stock.program, stock.tokens(CLIENTS)) as clients:
        for _ in range(KILLS):
            clients.everybody_is_told("200")
            server.kill()
            clients.everybody_is_told("lost")
            stock.assert_kept(clients.chains)
            server.start()
        clients.everybody_is_told("200")

    clients.assert_no_complaint()
    stock.assert_kept(clients.chains)
    stock.assert_no_alarm(clients.chains)
