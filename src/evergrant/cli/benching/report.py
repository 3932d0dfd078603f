"""From the options to the answer: find the server, find who asks, run the plan, tell the figures."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx2

from evergrant import __version__
from evergrant.app.settings import Settings
from evergrant.app.wiring import clock
from evergrant.cli.answers import Answer
from evergrant.cli.benching import table
from evergrant.cli.benching.figures import Figures
from evergrant.cli.benching.running import Bench, Plan
from evergrant.cli.benching.scenarios import Scenario
from evergrant.cli.benching.supply import Supply
from evergrant.cli.benching.target import Target, Watched, find, watch
from evergrant.cli.benching.who import Asked, choose
from evergrant.cli.benching.wrk import need_wrk
from evergrant.cli.failures import FAILED

_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Measured:
    """All runs of one bench, in order. `begun` in milliseconds UTC."""

    target: Target
    watched: Watched
    begun: int
    found: tuple[Figures, ...]


def measure(
    settings: Settings,
    url: str | None,
    asked: Asked,
    plan: Plan,
    pids: tuple[Sequence[int], Sequence[int]],
    say: Callable[[str], None],
    done: Callable[[], None],
) -> Measured:
    """Run the plan against the server at `url`. Grants begun for it are ended, come what may. Raises Failure."""
    need_wrk()
    begun = clock()
    with httpx2.Client(timeout=_TIMEOUT_S, headers={"User-Agent": "evergrant-bench"}) as http:
        target = find(http, url or settings.issuer, allow_remote=asked.allow_remote)
        cast, watched = choose(settings, asked), watch(target, *pids)
        supplies: dict[Scenario, Supply] = {}

        def supply_for(scenario: Scenario) -> Supply:
            means = cast.means_for(scenario)
            same = next((supply for supply in supplies.values() if supply.means == means), None)
            supplies[scenario] = same or Supply(http, target, means, allow_remote=asked.allow_remote)
            return supplies[scenario]

        found = []
        try:
            for figures in Bench(target, watched, supply_for, say).run(plan):
                found.append(figures)
                done()
        finally:
            say("ending the grants that were begun for it")
            for supply in supplies.values():
                supply.end_all()
    return Measured(target, watched, begun, tuple(found))


def report(measured: Measured) -> Answer:
    """As data and as a table. It fails if anything was not answered as it must be."""
    bad = any(figures.driven.errors or not figures.driven.answered for figures in measured.found)
    return Answer(
        {
            "url": measured.target.base_url,
            "issuer": measured.target.provider.issuer,
            "evergrant": __version__,
            "begun": measured.begun,
            "cores": os.cpu_count(),
            "server_pids": list(measured.watched.server),
            "store_pids": list(measured.watched.store),
            "runs": [figures.data() for figures in measured.found],
        },
        lambda out: table.draw(out, measured.target, measured.watched, measured.found),
        FAILED if bad else 0,
    )
