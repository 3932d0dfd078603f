"""Requests without end, and clients that never take their answers. None holds a connection or fills the memory."""

import socket
from collections.abc import Iterator

import psutil  # type: ignore[import-untyped]  # it has no types
import pytest

from evergrant.cli.serving import bounded_requests
from tests.protocol.person import Person
from tests.protocol.program import Program, verifier
from tests.protocol.registry import User
from tests.protocol.served import Served
from tests.support.waiting import until

MOST = 64 * 2**20
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def connection(served: Served) -> Iterator[socket.socket]:
    """To the server; a call that waits for 20 seconds fails."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as opened:
        yield opened


def until_cut_off(connection: socket.socket, piece: bytes) -> int:
    """How many bytes could be sent, this piece again and again, before the server had had enough."""
    sent = 0
    try:
        while sent < MOST:
            connection.sendall(piece)
            sent += len(piece)
    except ConnectionError:
        pass
    return sent


def answers(connection: socket.socket) -> bytes:
    """What comes until the server hangs up."""
    received = b""
    try:
        while piece := connection.recv(65_536):
            received += piece
    except ConnectionError:
        pass
    return received


def is_held(client: tuple[str, int]) -> bool:
    """Whether the server, which is in this process, has the other end open."""
    return any(tuple(one.raddr) == client for one in psutil.Process().net_connections("tcp4"))


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (HEALTH + b"Content-Length: 1000000000\r\n\r\n", b"x" * 65_536),
        (b"POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n", b"x" * 65_536),
        (b"POST /token HTTP/1.1\r\nHost: localhost\r\n" + CHUNKED, b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
        (b"POST /token HTTP/1.1\r\nHost: localhost\r\n" + CHUNKED + b"0\r\n", b"x: y\r\n" * 10_000),
        (b"POST /token HTTP/1.1\r\nHost: localhost\r\n" + CHUNKED + b"1;", b"x" * 65_536),
        (HEALTH + b"\r\n", b"\r\n" * 30_000),
    ],
    ids=["declared", "refused", "chunks", "trailers", "chunk extension", "empty lines"],
)
def test_what_never_ends_is_cut_off(served: Served, connection: socket.socket, head: bytes, piece: bytes) -> None:
    """RFC 9110 §15.5.14, R-061: also behind a request that was answered long ago."""
    connection.sendall(head.replace(b"localhost", f"localhost:{served.port}".encode()))

    assert until_cut_off(connection, piece) < MOST
    assert served.http.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("length", "held"), [(b"Content-Length: 9\r\n\r\n", b"x"), (b"\r\n", b"\r\n")], ids=["a body", "an empty line"]
)
def test_an_answered_request_does_not_hold_its_connection(
    connection: socket.socket, monkeypatch: pytest.MonkeyPatch, length: bytes, held: bytes
) -> None:
    monkeypatch.setattr(bounded_requests, "SECONDS", 0.2)
    connection.sendall(HEALTH + length)
    assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")

    connection.sendall(held)

    assert answers(connection) == b""


def test_an_unread_body_that_ends_leaves_the_connection_as_it_was(connection: socket.socket) -> None:
    """RFC 9112 §9.3"""
    connection.sendall(HEALTH + b"Content-Length: 3\r\n\r\na")
    first = connection.recv(65_536)
    connection.sendall(b"bc" + HEALTH + b"\r\n")
    second = connection.recv(65_536)

    assert [answer[:13] for answer in (first, second)] == [b"HTTP/1.1 200 "] * 2


def test_who_does_not_take_the_answers_is_not_waited_for(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client's buffer and ours are full, and the next answer would wait for ever."""
    monkeypatch.setattr(bounded_requests, "SECONDS", 0.2)
    asked = f"GET /static/vendor/pico.classless.min.css HTTP/1.1\r\nHost: localhost:{served.port}\r\n\r\n".encode()

    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", served.port))
        connection.sendall(asked * bounded_requests.MOST_WAITING)
        ours = connection.getsockname()
        assert is_held(ours)

        until(lambda: not is_held(ours), what="the server lets go of the connection")


def test_nobody_may_queue_up_without_end(served: Served, connection: socket.socket) -> None:
    """Each request that waits takes some kilobytes."""
    asked = f"GET / HTTP/1.1\r\nHost: localhost:{served.port}\r\n\r\n".encode()

    assert until_cut_off(connection, asked * 1_000) < MOST // 4


def test_trailer_fields_are_no_headers(served: Served, web: Program, user: User) -> None:
    """RFC 9110 §6.5.1: whoever filtered the headers before us has not seen them."""
    with Person(served.url, user.username, user.password) as person:
        person.visit(web.authorization_url(verifier()), web.client.redirect_uri)
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in person.http.cookies.jar)
    head = f"POST /logout HTTP/1.1\r\nHost: localhost:{served.port}\r\nConnection: close\r\n".encode() + CHUNKED

    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(head + f"0\r\nCookie: {cookies}\r\n\r\n".encode())
        received = answers(connection)

    # Nobody who is signed in was seen: they would have been asked.
    assert received.startswith(b"HTTP/1.1 303 ")
