"""Requests that are too large in every way there is. Each has an end that never comes, or comes much too late."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import psutil  # type: ignore[import-untyped]  # it has no types

from tests.support.server import Server

MOST_SENT: Final = 64 * 2**20
"""A server that has taken so much takes everything."""

REFUSED: Final = frozenset({400, 404, 405, 413, 415, 431})

_FORM: Final = b"Content-Type: application/x-www-form-urlencoded\r\n"


@dataclass(frozen=True, slots=True)
class Oversized:
    """What is sent first, and what again and again until the server hangs up, or once if `once`."""

    note: str
    head: bytes
    piece: bytes
    once: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The first answer's status (0: none), how much could be sent, and whether the server hung up."""

    status: int
    sent: int
    hung_up: bool


def oversized(port: int) -> Iterator[Oversized]:
    """Every kind."""
    host = b"Host: localhost:%d\r\n" % port
    post = b"POST /token HTTP/1.1\r\n" + host
    gigabyte = b"Content-Length: 1000000000\r\n\r\n"
    chunked = b"Transfer-Encoding: chunked\r\n\r\n"
    yield Oversized("a gigabyte", post + _FORM + gigabyte, b"x" * 65_536)
    yield Oversized("a gigabyte for nobody", b"POST /nowhere HTTP/1.1\r\n" + host + gigabyte, b"x" * 65_536)
    yield Oversized("a gigabyte for keys", b"POST /jwks HTTP/1.1\r\n" + host + gigabyte, b"x" * 65_536)
    yield Oversized("a packed gigabyte", post + _FORM + b"Content-Encoding: zstd\r\n" + gigabyte, b"\0" * 65_536)
    yield Oversized("chunks", post + _FORM + chunked, b"10000\r\n" + b"x" * 65_536 + b"\r\n")
    yield Oversized("the smallest chunks", post + _FORM + chunked, b"1\r\nx\r\n" * 5_000)
    yield Oversized("a chunk's extension", post + _FORM + chunked + b"1;", b"x" * 65_536)
    yield Oversized("trailer fields", post + _FORM + chunked + b"0\r\n", b"x: y\r\n" * 10_000)
    many = b"&".join(b"%d=" % n for n in range(100_000))
    length = b"Content-Length: %d\r\n\r\n" % len(many)
    yield Oversized("100,000 parameters", post + _FORM + length, many, once=True)
    yield Oversized("100,000 in a query", b"GET /authorize?", many + b" HTTP/1.1\r\n" + host + b"\r\n", once=True)
    headers = b"".join(b"x%d: y\r\n" % n for n in range(100_000))
    yield Oversized("100,000 headers", b"GET /authorize HTTP/1.1\r\n" + host, headers + b"\r\n", once=True)
    cookie = b"Cookie: eg_session=" + b"x" * 2**20 + b"\r\n\r\n"
    yield Oversized("a megabyte of cookie", b"GET /authorize HTTP/1.1\r\n" + host, cookie, once=True)
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    json = post + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    yield Oversized("deep JSON", json % len(deep), deep, once=True)
    yield Oversized("long JSON", json % 2_000_001, b"[" + b"1," * 1_000_000, once=True)
    yield Oversized("requests", b"", (b"GET / HTTP/1.1\r\n" + host + b"\r\n") * 1_000)


def send(port: int, wanted: Oversized) -> Outcome:
    """Until the server hangs up. Raises TimeoutError if it neither answers nor hangs up."""
    sent, received, hung_up = 0, b"", False
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        try:
            connection.sendall(wanted.head)
            while sent < (1 if wanted.once else MOST_SENT):
                connection.sendall(wanted.piece)
                sent += len(wanted.piece)
        except ConnectionError:
            hung_up = True
        try:
            while piece := connection.recv(65_536):
                received += piece
                if wanted.once:
                    break
            hung_up = hung_up or not piece
        except ConnectionError:
            hung_up = True
    # After a reset the system may have thrown the answer away, unread.
    return Outcome(int(received[9:12]) if received else 0, sent, hung_up)


def rss(server: Server) -> int:
    """The memory that the server's process holds, in bytes."""
    assert server.process is not None
    return int(psutil.Process(server.process.pid).memory_info().rss)
