"""A small generator of our own, for what wrk cannot do: requests that serve once, and requests that are due at a rate.

One thread over `select`, whose time-out is as fine as microseconds. Plain HTTP/1.1 with Content-Length, kept alive.
"""

from __future__ import annotations

import select
import socket
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import Final, Protocol
from urllib.parse import urlsplit

from evergrant.cli.benching.figures import Driven, Loop
from evergrant.cli.failures import Failure

_ANSWER_WITHIN_S: Final = 10.0
_READ: Final = 65536


class Source(Protocol):
    """Where requests come from, and where answers go."""

    def take(self) -> bytes | None:
        """The next request, whole. None: none is left at the moment."""
        ...

    def give(self, status: int, body: bytes) -> bool:
        """The answer to one of them; whether it is as it must be."""
        ...


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    due: float = 0.0
    answer: bytearray = field(default_factory=bytearray)


@dataclass(slots=True)
class _Seen:
    answered: int = 0
    refused: int = 0
    starved: int = 0
    broken: int = 0
    refusal: str = ""
    waits: list[float] = field(default_factory=list)


def send_all(base_url: str, source: Source, connections: int, most_seconds: float) -> Driven:
    """A closed loop: until the source has no more, or the time is up. Raises Failure if nobody listens."""
    return _run(base_url, source, connections, most_seconds, None)


def send_at(base_url: str, source: Source, connections: int, seconds: float, per_s: float) -> Driven:
    """An open loop: a request is due every 1/`per_s` seconds, whatever became of the ones before.

    Wait is counted from the moment a request was due, also while it waits for a free connection.
    """
    return _run(base_url, source, connections, seconds, per_s)


def _run(base_url: str, source: Source, connections: int, seconds: float, per_s: float | None) -> Driven:
    loop: Loop = "closed" if per_s is None else "open"
    seen = _Seen()
    cpu = process_time()
    with _connected(base_url, connections) as idle:
        begun = perf_counter()
        _drive(source, idle, seen, begun + seconds, per_s)
        took = perf_counter() - begun
    waits = sorted(seen.waits)
    return Driven(
        loop=loop,
        answered=seen.answered,
        refused=seen.refused,
        starved=seen.starved,
        broken=seen.broken,
        seconds=took,
        p50_s=_percentile(waits, 50),
        p99_s=_percentile(waits, 99),
        generator_cpu_s=process_time() - cpu,
        refusal=seen.refusal,
    )


@contextmanager
def _connected(base_url: str, connections: int) -> Iterator[deque[_Connection]]:
    parts = urlsplit(base_url)
    with ExitStack() as opened:
        idle: deque[_Connection] = deque()
        for _ in range(connections):
            address = (parts.hostname or "localhost", parts.port or 80)
            try:
                made = opened.enter_context(socket.create_connection(address, _ANSWER_WITHIN_S))
            except OSError:
                raise Failure(f"{base_url} does not take {connections} connections") from None
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            idle.append(_Connection(made))
        yield idle


def _drive(source: Source, idle: deque[_Connection], seen: _Seen, until: float, per_s: float | None) -> None:
    """Send while there is time; then send what is overdue, and read what is under way."""
    busy: dict[socket.socket, _Connection] = {}
    waiting: deque[float] = deque()
    next_due = perf_counter()
    exhausted = False
    while True:
        now = perf_counter()
        while per_s is not None and next_due <= min(now, until):
            waiting.append(next_due)
            next_due += 1 / per_s
        # What was due in time is sent though it is late now: leaving it out would leave out the longest waits.
        wanted = (now < until and not exhausted) if per_s is None else bool(waiting)
        while wanted and idle and now < until + _ANSWER_WITHIN_S:
            request = source.take()
            if request is None:
                # In a closed loop nothing more will come; in an open one a token may be on its way back.
                exhausted = per_s is None
                break
            if not _send(request, idle.popleft(), busy, waiting.popleft() if per_s is not None else now):
                seen.broken += 1
            wanted = bool(waiting) or per_s is None
        if not busy and (per_s is None or now >= until):
            seen.starved += len(waiting)
            return
        pause = max(0.0, next_due - perf_counter()) if per_s is not None and now < until else _ANSWER_WITHIN_S
        readable, _, _ = select.select(list(busy), [], [], pause)
        if not readable and pause == _ANSWER_WITHIN_S:
            seen.broken += len(busy)
            return
        for ready in readable:
            _receive(source, busy, idle, busy[ready], seen)


def _send(request: bytes, connection: _Connection, busy: dict[socket.socket, _Connection], due: float) -> bool:
    """Whether it went out; if not, the connection is lost."""
    connection.due = due
    try:
        connection.socket.sendall(request)
    except OSError:
        return False
    busy[connection.socket] = connection
    return True


def _receive(
    source: Source,
    busy: dict[socket.socket, _Connection],
    idle: deque[_Connection],
    connection: _Connection,
    seen: _Seen,
) -> None:
    try:
        octets = connection.socket.recv(_READ)
    except OSError:
        octets = b""
    connection.answer += octets
    complete = _complete(connection.answer) if octets else None
    if octets and complete is None:
        return
    del busy[connection.socket]
    if complete is None:
        seen.broken += 1  # closed before its answer; the connection is lost
        return
    status, body = complete
    seen.waits.append(perf_counter() - connection.due)
    if source.give(status, body):
        seen.answered += 1
    else:
        seen.refused += 1
        seen.refusal = seen.refusal or f"{status} {body[:200].decode(errors='replace')}"
    connection.answer.clear()
    idle.append(connection)


def _complete(answer: bytearray) -> tuple[int, bytes] | None:
    """Status and body, once all of it is there."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(answer[:end]).lower()
    _, found, rest = head.partition(b"\r\ncontent-length:")
    if not found:
        return int(head[9:12]), b""  # a redirect without a body, or an encoding we do not read
    length = int(rest.partition(b"\r\n")[0])
    begins = end + 4
    return (int(head[9:12]), bytes(answer[begins : begins + length])) if len(answer) >= begins + length else None


def _percentile(ordered: list[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0.0
