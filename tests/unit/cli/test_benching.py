"""The parts of the bench: what its generator counts, and whose CPU is read."""

import os
import socket
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from time import process_time

import pytest

from evergrant.cli.benching import cpu
from evergrant.cli.benching.calibration import signature_us
from evergrant.cli.benching.scenarios import Bodies, Chains, head
from evergrant.cli.benching.sender import send_all, send_at
from evergrant.cli.failures import Failure

SLOW_S = 0.02


class _Slow(BaseHTTPRequestHandler):
    """Answers each refresh after 20 ms with the next token; `token-3` is refused."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["content-length"])).decode()
        number = int(form.rpartition("token-")[2])
        Event().wait(SLOW_S)
        body = b'{"error": "invalid_grant"}' if number == 3 else _answer(number + 1)
        self.send_response(400 if number == 3 else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Not to standard error."""


def _answer(number: int) -> bytes:
    return b'{"access_token": "a", "refresh_token": "token-%d"}' % number


@pytest.fixture
def slow() -> Iterator[str]:
    """Its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Slow) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def chain(first: int) -> Chains:
    """One chain, beginning with that token."""
    return Chains(head("/token", {"Host": "localhost"}), deque([f"token-{first}"]), "")


def test_each_answer_brings_the_next_token(slow: str) -> None:
    source = chain(10)

    driven = send_all(slow, source, 1, 0.2)

    assert driven.errors == 0
    assert driven.answered > 1
    assert list(source.tokens) == [f"token-{10 + driven.answered}"]


def test_a_refusal_is_counted_and_told(slow: str) -> None:
    driven = send_all(slow, chain(1), 1, 5)

    assert (driven.answered, driven.refused) == (2, 1)
    assert "invalid_grant" in driven.refusal


def test_an_open_loop_counts_the_queue_that_a_closed_loop_hides(slow: str) -> None:
    """Due every 5 ms, answered every 20 ms: the last ones wait for most of the time that it took."""
    closed = send_all(slow, chain(10), 1, 0.3)
    opened = send_at(slow, chain(1000), 1, 0.2, per_s=200)

    assert (closed.loop, opened.loop) == ("closed", "open")
    assert opened.errors == 0
    assert opened.answered in (40, 41)
    assert opened.p99_s > 10 * SLOW_S
    assert closed.p50_s < opened.p50_s


def test_what_serves_once_is_sent_once(slow: str) -> None:
    bodies = deque(f"refresh_token=token-{number}" for number in range(10, 30))

    driven = send_all(slow, Bodies(head("/token", {"Host": "localhost"}), bodies, for_ever=False), 4, 30)

    assert (driven.answered, driven.errors, len(bodies)) == (20, 0, 0)


def test_where_nobody_listens_is_a_failure_in_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen

        with pytest.raises(Failure, match="does not take 1 connections"):
            send_all(f"http://127.0.0.1:{taken.getsockname()[1]}", chain(10), 1, 1)


def test_the_process_that_listens_is_found_by_its_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        assert cpu.listeners(port) == {os.getpid()}
    assert cpu.listeners(port) == frozenset()


def test_the_processes_it_talks_to_are_found_by_theirs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as store:
        port = store.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = store.accept()
            with accepted:
                assert port in cpu.talks_to([os.getpid()], but_not_from=port)


def test_cpu_is_what_the_process_used() -> None:
    before, clock = cpu.seconds([os.getpid()]), process_time()
    while process_time() - clock < 0.2:
        signature_us()

    spent = cpu.seconds([os.getpid()]) - before

    # The kernel counts in hundredths.
    assert spent == pytest.approx(process_time() - clock, abs=0.06)


def test_a_process_that_is_gone_counts_nothing() -> None:
    assert cpu.seconds([2**22 + 1]) == 0
