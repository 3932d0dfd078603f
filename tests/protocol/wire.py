"""Bytes on the wire, for requests that no client library would send."""

import socket
from dataclasses import dataclass

from tests.protocol.served import Served


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer as it came. `status` 0: the connection was closed without one."""

    status: int
    text: str


def send(served: Served, request: bytes) -> Raw:
    """Send these bytes and read until the server closes or the answer is whole."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(request)
        received = b""
        while True:
            try:
                piece = connection.recv(65536)
            except ConnectionResetError:
                piece = b""
            received += piece
            if not piece or _is_whole(received):
                break
    text = received.decode("latin-1")
    return Raw(int(text.split(" ", 2)[1]) if text.startswith("HTTP/1.") else 0, text)


def post(served: Served, path: str, *headers: bytes, body: bytes = b"", host: bytes | None = None) -> bytes:
    """A POST with exactly these header lines besides Host."""
    name = f"localhost:{served.port}".encode() if host is None else host
    return b"\r\n".join([b"POST " + path.encode() + b" HTTP/1.1", b"Host: " + name, *headers, b"", body])


def _is_whole(received: bytes) -> bool:
    head, found, rest = received.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return bool(found and lengths) and len(rest) >= int(lengths[0].partition(b":")[2])
