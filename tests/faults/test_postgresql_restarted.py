"""PostgreSQL is restarted under load, or lets nobody in: the server finds it again by itself. R-002, S-047"""

import psycopg
import pytest

from tests.faults.stock import Stock
from tests.faults.storm import Storm, storm
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
def turnstile(postgres: PostgresServer, start_server: StartServer) -> tuple[Server, "Turnstile"]:
    """A server whose database role may have only so many connections. Both end with the run's PostgreSQL."""
    url = postgres.new_database()
    turnstile = Turnstile(url, f"few_{url.rpartition('/')[2]}")
    turnstile.build()
    server = start_server(settings={"EVERGRANT_DATABASE__URL": url.replace("//evergrant@", f"//{turnstile.role}@")})
    return server, turnstile


class Turnstile:
    """A role of PostgreSQL that owns one database, and lets in as many as it is told to."""

    def __init__(self, url: str, role: str) -> None:
        self.role = role
        self._url = url.replace("+psycopg", "")
        self._database = url.rpartition("/")[2]

    def build(self) -> None:
        self._do(f"CREATE ROLE {self.role} LOGIN", f"ALTER DATABASE {self._database} OWNER TO {self.role}")

    def let_in(self, count: int) -> None:
        """No more than so many; all that are in have to come in again."""
        self._do(
            f"ALTER ROLE {self.role} CONNECTION LIMIT {count}",
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '{self.role}'",
        )

    def open(self) -> None:
        """As many as like to come."""
        self._do(f"ALTER ROLE {self.role} CONNECTION LIMIT -1")

    def _do(self, *statements: str) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


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
