"""kill -9 while sixty-four clients refresh: what was acknowledged is there, and everybody goes on. R-002"""

from functools import partial

import pytest

from tests.faults.stock import Stock
from tests.faults.storm import storm
from tests.support.postgres import PostgresServer
from tests.support.server import Server, StartServer
from tests.support.waiting import until

CLIENTS = 64
KILLS = 2
REFRESHES = 500


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
        for kill in range(1, KILLS + 1):
            clients.everybody_is_told("200")
            until(partial(clients.have_done, kill * REFRESHES), what="the server is at work")
            server.kill()
            clients.everybody_is_told("lost")
            stock.assert_kept(clients.chains)
            server.start()
        clients.everybody_is_told("200")

    clients.assert_no_complaint()
    stock.assert_kept(clients.chains)
    stock.assert_no_alarm(clients.chains)
