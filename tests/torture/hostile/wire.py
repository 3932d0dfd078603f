"""Connections to the server: octets go out as they are, answers are read strictly."""

import asyncio
import re
import select
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from tests.torture.hostile.shots import Shot

PATIENCE_S: Final = 20.0
"""Longer than a body may take: who has not answered or hung up by then hangs."""

UNREADABLE: Final = b"Invalid HTTP request received."
"""The body of what is answered before there is a request at all."""

_LINGER_S: Final = 0.15
"""A server that waits for the rest of a broken request waits for us: after this we say that nothing will come."""

_STATUS: Final = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [A-Za-z -]*")
# RFC 9110 §5.5: no control characters; and nothing of ours is outside ASCII.
_HEADER: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\x20-\x7e]*)")


class Malformed(Exception):
    """What came is no answer of HTTP/1.1."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Headers by lower-case name; a name that came twice has both values, with a line break between."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float = 0.0


class Wire:
    """One connection for all soundly framed requests, as a proxy would keep it; opened again when it closes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self.opened = 0

    def ask(self, shot: Shot) -> Answer | None:
        """The one answer, or None if the server hung up. Raises Malformed; TimeoutError from a server that hangs."""
        began, kept = perf_counter(), self._socket is not None
        received = self._exchange(shot)
        if not received and kept:
            # It may have been closed just as we sent: once more, on a new one.
            received = self._exchange(shot)
        if not received:
            return None
        # Who cannot read a head does not know that it says HEAD: such a refusal has its body, and ends the connection.
        answers, rest = read(received, (shot.head_only and not received.endswith(UNREADABLE),))
        if len(answers) != 1 or rest:
            raise Malformed(f"{len(answers)} answers and {rest[:80]!r}")
        if answers[0].headers.get("connection") == "close":
            self.close()
        return Answer(answers[0].status, answers[0].headers, answers[0].body, perf_counter() - began)

    def assert_silent(self) -> None:
        """Raises Malformed if something came that nobody asked for."""
        if self._socket is not None and select.select([self._socket], [], [], 0)[0]:
            with suppress(ConnectionError):
                more = self._socket.recv(4096)
                if more:
                    raise Malformed(f"unasked: {more[:80]!r}")
            self.close()

    def close(self) -> None:
        """Hang up."""
        found, self._socket = self._socket, None
        if found is not None:
            found.close()

    def _exchange(self, shot: Shot) -> bytes:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE_S)
            self.opened += 1
        received = b""
        with suppress(ConnectionError):
            self._socket.sendall(shot.octets)
        try:
            while not _is_whole(received, head_only=shot.head_only):
                piece = self._socket.recv(65_536)
                if not piece:
                    self.close()
                    break
                received += piece
        except ConnectionError:
            self.close()
        return received


async def volley(port: int, shots: Sequence[Shot]) -> list[bytes]:
    """Everything that comes back to each shot until the server hangs up. Raises TimeoutError if it does not."""
    return await asyncio.gather(*(_one(port, shot) for shot in shots))


async def _one(port: int, shot: Shot) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    with suppress(ConnectionError):
        writer.write(shot.octets)
        await writer.drain()
        with suppress(TimeoutError):
            while piece := await asyncio.wait_for(reader.read(65_536), _LINGER_S):
                received += piece
        if not reader.at_eof():
            writer.write_eof()
        async with asyncio.timeout(PATIENCE_S):
            while piece := await reader.read(65_536):
                received += piece
    writer.transport.abort()
    return received


def read(received: bytes, head_only: Sequence[bool] = ()) -> tuple[list[Answer], bytes]:
    """The answers in what was received, and what is left over. Interim ones are passed over. Raises Malformed."""
    answers: list[Answer] = []
    while received:
        head, found, rest = received.partition(b"\r\n\r\n")
        if not found:
            break
        first, *lines = head.split(b"\r\n")
        status = _STATUS.fullmatch(first)
        if status is None:
            raise Malformed(f"status line {first[:80]!r}")
        headers: dict[str, str] = {}
        for line in lines:
            header = _HEADER.fullmatch(line)
            if header is None:
                raise Malformed(f"header line {line[:80]!r}")
            name, value = header[1].decode().lower(), header[2].decode()
            headers[name] = f"{headers[name]}\n{value}" if name in headers else value
        if status[1].startswith(b"1"):
            received = rest
            continue
        bodiless = head_only[len(answers)] if len(answers) < len(head_only) else False
        length, received = _body(headers, rest, bodiless=bodiless or int(status[1]) in (204, 304))
        answers.append(Answer(int(status[1]), headers, rest[:length]))
    return answers, received


def _body(headers: Mapping[str, str], rest: bytes, *, bodiless: bool) -> tuple[int, bytes]:
    if bodiless:
        return 0, rest
    declared = headers.get("content-length")
    if declared is None:
        return len(rest), b""  # until the server hangs up
    if not declared.isdigit() or int(declared) > len(rest):
        raise Malformed(f"{len(rest)} octets of {declared}")
    return int(declared), rest[int(declared) :]


def _is_whole(received: bytes, *, head_only: bool) -> bool:
    head, found, rest = received.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 1") and found:
        return _is_whole(rest, head_only=head_only)
    if not found or head_only:
        return bool(found)
    length = re.search(rb"\r\ncontent-length: ?(\d+)", head, re.IGNORECASE)
    return head.startswith((b"HTTP/1.1 204", b"HTTP/1.1 304")) or (length is not None and len(rest) >= int(length[1]))
