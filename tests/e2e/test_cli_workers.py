"""`evergrant serve` as several processes on PostgreSQL: how many, what they count together, and how they end."""

import os
import signal
from pathlib import Path

import pytest

from evergrant.cli.serving.cores import cores
from tests.faults.stock import Stock
from tests.faults.storm import Storm, storm
from tests.support.pids import is_running
from tests.support.postgres import PostgresServer
from tests.support.server import Server, StartServer, evergrant
from tests.support.waiting import until
from tests.support.worker_processes import (
    figures,
    kill,
    listening,
    metrics_folders,
    renewals_by_worker,
    total,
    workers_of,
)

CLIENTS = 16
WORKERS = 2


@pytest.fixture
def several(start_server: StartServer, postgres_url: str) -> Server:
    """A server of several processes, all of which serve."""
    server = start_server("--workers", str(WORKERS), settings={"EVERGRANT_DATABASE__URL": postgres_url})
    until(lambda: listening(server) == WORKERS, what="all workers serve")
    return server


def renewals(server: Server) -> float:
    return total(figures(server), "evergrant_token_decisions_total", decision="renew", grant_type="refresh_token")


def everybody_works(server: Server, *, clients: int = CLIENTS) -> Storm:
    """Each client is answered a few times; nobody is refused. Returns what they were told."""
    stock = Stock.of(server)
    with storm([server.port], stock.program, stock.tokens(clients)) as working:
        for _ in range(3):
            working.everybody_is_told("200")
    working.assert_no_complaint()
    assert working.told("200") == sum(chain.told.total() for chain in working.chains)
    return working


def test_on_postgresql_there_is_a_worker_for_each_core(start_server: StartServer, postgres_url: str) -> None:
    server = start_server(settings={"EVERGRANT_DATABASE__URL": postgres_url})

    assert len(workers_of(server)) == (cores() if cores() > 1 else 0)
    assert cores() == 1 or f"workers    {cores()} processes, one for each core" in server.log()


def test_on_sqlite_one_process_serves_and_says_why(start_server: StartServer) -> None:
    server = start_server("--workers", "3")

    assert workers_of(server) == []
    said = server.log()
    assert "! workers    1, not 3: SQLite is written by one process; several need PostgreSQL" in said
    assert '"event":"one_process"' in said
    assert metrics_folders(server) == []
    everybody_works(server)


def test_nobody_hears_of_workers_who_did_not_ask_for_them(start_server: StartServer) -> None:
    assert "workers" not in start_server().log()


def test_no_workers_is_a_settings_error(tmp_path: Path) -> None:
    done = evergrant("serve", "--workers", "0", data_dir=tmp_path / "data")

    assert done.returncode == 78
    assert done.stderr.startswith("evergrant: listen.workers: 0 is not a number of processes that can serve\n")
    assert "Use 1 to 256" in done.stderr


def test_whatever_worker_is_asked_tells_what_all_have_counted(several: Server) -> None:
    refreshed = everybody_works(several).told("200")

    def is_told() -> bool:
        # A request is counted when its answer has been sent.
        return total(figures(several), "evergrant_http_requests_total", endpoint="token") == refreshed

    until(is_told, what="every answer is counted")
    assert [renewals(several) for _ in range(12)] == [refreshed] * 12
    assert sum(renewals_by_worker(several)) == refreshed
    told = figures(several)
    assert total(told, "evergrant_http_request_seconds_count", endpoint="token") == refreshed
    assert total(told, "evergrant_http_request_seconds_bucket", endpoint="token", le="+Inf") == refreshed
    assert total(told, "evergrant_build_info") == 1


def test_connections_that_stay_open_are_shared_out(several: Server) -> None:
    """Sixty-four are opened together: by the old way, one process could have them all."""
    everybody_works(several, clients=64)

    shares = renewals_by_worker(several)
    assert min(shares) > sum(shares) / 8, shares


def test_another_server_does_not_share_the_port_of_several(several: Server, tmp_path: Path) -> None:
    done = evergrant("serve", "--port", str(several.port), data_dir=tmp_path / "other")

    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == f"evergrant: port {several.port} is in use"


def test_only_the_server_may_read_the_figures_and_they_go_with_it(several: Server) -> None:
    (folder,) = metrics_folders(several)
    assert folder.stat().st_mode & 0o777 == 0o700

    assert several.stop() == 0

    assert metrics_folders(several) == []


def test_what_a_killed_worker_counted_stays_counted_and_another_takes_its_place(several: Server) -> None:
    before = everybody_works(several).told("200")
    killed, other = workers_of(several)

    kill(killed)
    until(lambda: len(workers_of(several)) == WORKERS, what="it is replaced")

    assert other in workers_of(several)
    assert renewals(several) == before
    after = everybody_works(several).told("200")
    assert renewals(several) == before + after


def test_when_a_worker_is_killed_under_load_the_others_serve_and_nobody_is_locked_out(several: Server) -> None:
    """R-002: kill -9 in the middle of whatever it was doing."""
    stock = Stock.of(several)
    with storm([several.port], stock.program, stock.tokens(CLIENTS)) as clients:
        for _ in range(3):
            clients.everybody_is_told("200")
            kill(workers_of(several)[0])
            clients.everybody_is_told("200")
            until(lambda: len(workers_of(several)) == WORKERS, what="it is replaced")

    clients.assert_no_complaint()
    stock.assert_kept(clients.chains)
    stock.assert_no_alarm(clients.chains)
    assert several.stop() == 0


def test_a_worker_that_cannot_be_replaced_yet_takes_nobody_with_it(
    start_server: StartServer, private_postgres: PostgresServer
) -> None:
    """The database is away when a worker dies: the others wait for it, and so does the worker's place."""
    settings = {"EVERGRANT_DATABASE__URL": private_postgres.new_database()}
    server = start_server("--workers", str(WORKERS), settings=settings)
    # Both: one that is still starting when the database goes has nothing to wait with, and ends.
    until(lambda: listening(server) == WORKERS, what="all workers serve")
    everybody_works(server)
    killed, other = workers_of(server)

    private_postgres.stop()
    kill(killed)
    until(lambda: server.log().count('"event":"worker_ended"') >= 3, what="two failed replacements", seconds=90)
    assert is_running(other)
    private_postgres.start()

    until(lambda: server.status_of("/readyz") == 200, what="it is ready again", seconds=60)
    until(lambda: len(workers_of(server)) == WORKERS, what="the place is taken", seconds=60)
    everybody_works(server)


@pytest.fixture(params=["sqlite", "postgresql"])
def one_or_several(request: pytest.FixtureRequest, start_server: StartServer) -> Server:
    """One process on SQLite, several on PostgreSQL."""
    if request.param == "sqlite":
        return start_server()
    found: Server = request.getfixturevalue("several")
    return found


def test_a_server_that_ends_under_load_answers_all_that_it_began(one_or_several: Server) -> None:
    """What was renewed was told, to the last one: nobody even needs a retry."""
    server, stock = one_or_several, Stock.of(one_or_several)
    with storm([server.port], stock.program, stock.tokens(CLIENTS)) as clients:
        for _ in range(2):
            clients.everybody_is_told("200")
            assert server.process is not None
            server.process.terminate()
            assert server.process.wait(40) == 0
            clients.everybody_is_told("lost")
            kept = [(row.state, row.generation) for row in stock.rows(clients.chains)]
            assert kept == [("active", chain.acknowledged) for chain in clients.chains]
            server.start()
        clients.everybody_is_told("200")

    clients.assert_no_complaint()
    assert clients.told("503") == 0
    stock.assert_no_alarm(clients.chains)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_supervisor_ends_all_in_order(several: Server, number: signal.Signals) -> None:
    assert several.process is not None
    workers = workers_of(several)

    several.process.send_signal(number)

    assert several.process.wait(40) == 0
    assert [worker for worker in workers if is_running(worker)] == []
    assert '"level":"error"' not in several.log()


def test_workers_whose_supervisor_is_gone_end_and_leave_the_port_to_the_next(several: Server) -> None:
    assert several.process is not None
    workers = workers_of(several)
    (left,) = metrics_folders(several)

    os.kill(several.process.pid, signal.SIGKILL)
    several.process.wait()
    until(lambda: not any(is_running(worker) for worker in workers), what="the workers have ended")
    several.start()

    assert metrics_folders(several) != []
    assert left not in metrics_folders(several), "what the killed server left is removed"
    everybody_works(several)
