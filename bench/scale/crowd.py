"""A server under a steady storm, with a probe in it, while something else is done to the database."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.scale.objects import tokens
from bench.scale.place import Place
from bench.scale.probe import Probe
from bench.scale.storm import Server, Sizes, serving, storm

CONNECTIONS = 16
QUIET_S = 5.0


@dataclass(slots=True)
class Crowd:
    """`storms`: what wrk said of each slice of the storm. `log`: SQLite's write-ahead log, longest, in bytes."""

    server: Server
    probe: Probe
    storms: list[dict[str, Any]] = field(default_factory=list)
    log: list[int] = field(default_factory=list)

    def quiet(self) -> dict[str, Any]:
        """What the probe feels when nothing else happens."""
        since = time.monotonic()
        time.sleep(QUIET_S)
        return self.probe.felt(since + 1, time.monotonic())


@contextmanager
def crowd(place: Place) -> Iterator[Crowd]:
    """The storm goes on in slices of some seconds until the end."""
    lines = tokens(place, 1_001)
    with serving(place) as server:
        here, sizes, ended = Crowd(server, Probe(server.url, lines.pop())), Sizes(place), threading.Event()

        def go_on() -> None:
            while not ended.is_set():
                here.storms.append(storm(server, connections=CONNECTIONS, seconds=4, lines=_again(place, lines)))

        thread = threading.Thread(target=go_on)
        sizes.start()
        here.probe.start()
        thread.start()
        try:
            yield here
        finally:
            ended.set()
            thread.join()
            here.probe.end()
            here.log = sizes.end()


def _again(place: Place, lines: list[str]) -> list[str]:
    """The tokens as the database has them now, of the grants in `lines`: the probe's own is not among them."""
    return tokens(place, 1_001)[: len(lines)]
