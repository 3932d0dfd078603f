"""Connections that are used up by waiting: a byte a second of a head, of a body, or nothing at all.

python -m tests.torture.hostile.slow [--connections 2000] [--seconds 40]: what they do to honest clients, in figures.
"""

import argparse
import socket
import sys
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from evergrant.cli.serving.descriptors import raise_the_limit
from tests.faults.stock import Stock
from tests.torture.hostile.honest_load import ratio, renew
from tests.torture.hostile.oversized import rss
from tests.torture.hostile.own_server import own_server

_BETWEEN_BYTES_S: Final = 1.0
_FORM: Final = b"Content-Type: application/x-www-form-urlencoded\r\n"


@dataclass(slots=True)
class Crowd:
    """So many connections at a byte a second, in a thread of its own, until `leave()`."""

    port: int
    count: int
    held: list[tuple[str, socket.socket]] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)  # by kind and by what the server said at the end
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def arrive(self) -> None:
        """Open them all; then drip."""
        raise_the_limit()
        for number in range(self.count):
            kind, begun = self._begun(number)
            opened = socket.create_connection(("127.0.0.1", self.port), timeout=20)
            opened.sendall(begun)
            opened.setblocking(False)
            self.held.append((kind, opened))
        self._thread = threading.Thread(target=self._drip, daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Hang up."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(20)
        for _, one in self.held:
            one.close()

    def _begun(self, number: int) -> tuple[str, bytes]:
        host = b"Host: localhost:%d\r\n" % self.port
        match number % 5:
            case 0:
                return "head", b"GET /authorize?client_id=x HTTP/1.1\r\n" + host + b"X-Slow: "
            case 1:
                return "body", b"POST /token HTTP/1.1\r\n" + host + _FORM + b"Content-Length: 60000\r\n\r\n"
            case 2:
                return "chunks", b"POST /token HTTP/1.1\r\n" + host + _FORM + b"Transfer-Encoding: chunked\r\n\r\n1;"
            case 3:
                return (
                    "body of an answered request",
                    b"GET /healthz HTTP/1.1\r\n" + host + b"Content-Length: 60000\r\n\r\n",
                )
            case _:
                return "nothing", b""

    def _drip(self) -> None:
        while not self._stop.wait(_BETWEEN_BYTES_S):
            self.held = [one for one in self.held if self._goes_on(*one)]

    def _goes_on(self, kind: str, one: socket.socket) -> bool:
        try:
            if kind != "nothing":
                one.send(b"a")
            said = one.recv(65_536)
        except BlockingIOError:
            return True
        except OSError:
            said = b""
        status = said[9:12].decode("latin-1")
        if status == "200":
            return True  # answered, and still here
        self.ended[f"{kind}: {status or 'hung up'}"] += 1
        with suppress(OSError):
            one.close()
        return False


def main() -> None:
    """Prints the figures."""
    wanted = argparse.ArgumentParser(prog="python -m tests.torture.hostile.slow", description=__doc__)
    wanted.add_argument("--connections", type=int, default=2_000)
    wanted.add_argument("--seconds", type=float, default=40)
    asked = wanted.parse_args()
    with own_server() as server:
        stock = Stock.of(server)
        tokens = stock.tokens(4)
        renew(server.port, stock.program, tokens, seconds=2)
        alone, before = renew(server.port, stock.program, tokens, seconds=asked.seconds / 2), rss(server)
        crowd = Crowd(server.port, asked.connections)
        crowd.arrive()
        beside = renew(server.port, stock.program, tokens, seconds=asked.seconds)
        grown = rss(server) - before
        crowd.leave()
    lines = [
        f"{asked.connections} connections at a byte a second for {asked.seconds:.0f} s",
        f"alone:  {alone}",
        f"beside: {beside}; {ratio(alone, beside)}",
        f"let go by the server: {dict(crowd.ended)}; held to the end: {len(crowd.held)}",
        f"memory grew by {grown / 2**20:.1f} MiB",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
