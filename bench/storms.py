"""Storms of refresh chains against one server, whoever made it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from bench.peers.peer import Running
from evergrant.cli.benching.figures import Figures
from evergrant.cli.benching.running import measure
from evergrant.cli.benching.scenarios import refreshing
from evergrant.cli.benching.target import Watched
from evergrant.cli.benching.wrk import Storm, drive

WARM_CONNECTIONS = 4
WARM_S = 1


@dataclass(frozen=True, slots=True)
class Refreshed:
    """One run; `rows_added` for each refresh, None where they cannot be counted."""

    figures: Figures
    rows_added: float | None

    def data(self) -> dict[str, object]:
        """For the file of results."""
        return {**self.figures.data(), "rows_added": None if self.rows_added is None else round(self.rows_added, 3)}


def refreshes(
    running: Running, connections: tuple[int, ...], seconds: int, say: Callable[[str], None]
) -> Iterator[Refreshed]:
    """One run for each number of connections, after a warm-up."""
    watched = Watched(running.pids, running.store_pids)
    say("warming up")
    drive(running.url, storm_of(running, WARM_CONNECTIONS), WARM_CONNECTIONS, WARM_S)
    for number in connections:
        say(f"{number} connections, preparing")
        storm = storm_of(running, number)
        before = running.rows()
        say(f"{number} connections")
        figures = measure("refresh", number, watched, partial(drive, running.url, storm, number, seconds))
        after = running.rows()
        counted = None if before is None or after is None else after - before
        yield Refreshed(figures, None if counted is None else counted / max(1, figures.driven.answered))


def storm_of(running: Running, chains: int) -> Storm:
    """New chains of that server."""
    lines = [line.split(" ", 1) for line in running.chains(chains)]
    (rest,) = {line[1] for line in lines}
    headers = {
        "Host": urlsplit(running.url).netloc,
        "Content-Type": "application/x-www-form-urlencoded",
        **running.headers,
    }
    return refreshing(running.token_path, [line[0] for line in lines], headers, f"&{rest}")
