"""Requests that are too slow or too large: honest clients beside them are served, and the memory stays where it was."""

from collections.abc import Iterator

import pytest

from tests.faults.stock import Stock
from tests.support.server import Server
from tests.support.waiting import until
from tests.torture.hostile.honest_load import renew
from tests.torture.hostile.oversized import MOST_SENT, REFUSED, oversized, rss, send
from tests.torture.hostile.slow import Crowd

CONNECTIONS = 1_200
FEW_DESCRIPTORS = ("/bin/sh", "-c", 'ulimit -S -n 512 && exec "$@"', "--")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Started as systems start one: with fewer descriptors than strangers have connections."""
    server = Server(tmp_path_factory.mktemp("server") / "data", within=FEW_DESCRIPTORS)
    server.start()
    yield server
    server.kill()


def test_a_crowd_at_a_byte_a_second_does_not_hold_up_honest_clients(server: Server) -> None:
    """T-22: every honest request is answered, and none by 503."""
    stock = Stock.of(server)
    tokens, before = stock.tokens(4), rss(server)
    crowd = Crowd(server.port, CONNECTIONS)

    crowd.arrive()
    honest = renew(server.port, stock.program, tokens, seconds=2.5)
    grown, held = rss(server) - before, len(crowd.held)
    crowd.leave()

    assert held > CONNECTIONS // 2  # they were there all the time
    assert set(honest.told) == {"200"}
    assert honest.told["200"] > 20
    assert grown < CONNECTIONS * 64 * 1024
    until(lambda: server.status_of("/readyz") == 200, what="the server is as before")


def test_what_is_too_large_is_refused_and_costs_no_memory(server: Server) -> None:
    """T-23, R-061: 413, 415, 431 or 400, and the connection ends."""
    before = rss(server)

    outcomes = {wanted.note: send(server.port, wanted) for wanted in oversized(server.port)}

    assert {outcome.status for outcome in outcomes.values()} <= REFUSED | {0, 200}
    assert [note for note, outcome in outcomes.items() if outcome.status == 200] in ([], ["requests"])
    assert {note: outcome for note, outcome in outcomes.items() if outcome.sent >= MOST_SENT} == {}
    assert rss(server) - before < 32 * 2**20
    assert server.status_of("/readyz") == 200
    assert "Traceback" not in server.log()
