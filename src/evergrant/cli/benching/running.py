"""One run after another: prepare, read the CPU, let the storm loose, read the CPU again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from evergrant.cli.benching.calibration import signature_us
from evergrant.cli.benching.figures import Figures
from evergrant.cli.benching.scenarios import (
    AT_EVERY_NUMBER,
    CODE_CONNECTIONS,
    OPEN_SHARE,
    PASSWORD_CONNECTIONS,
    Fire,
    Scenario,
    ready,
    ready_open,
)
from evergrant.cli.benching.supply import Supply
from evergrant.cli.benching.target import Target, Watched

WARM_CONNECTIONS: Final = 4
_WARM_S: Final = 1
OPEN_CONNECTIONS: Final = 64
"""Most connections of an open loop: our own generator carries it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run; `seconds` for each run."""

    scenarios: Sequence[Scenario]
    connections: Sequence[int]
    seconds: int
    open_loop: bool

    def numbers(self, scenario: Scenario) -> Sequence[int]:
        """The numbers of connections at which it runs."""
        match scenario:
            case Scenario.CODE:
                return (CODE_CONNECTIONS,)
            case Scenario.PASSWORD:
                return (PASSWORD_CONNECTIONS,)
            case _:
                return self.connections

    @property
    def open_at(self) -> int | None:
        """Connections of the open loop, if there is one."""
        fitting = [number for number in self.connections if number <= OPEN_CONNECTIONS]
        return max(fitting) if self.open_loop and fitting else None

    def runs(self) -> int:
        """How many there will be."""
        closed = sum(len(self.numbers(scenario)) for scenario in self.scenarios)
        return closed + (1 if Scenario.REFRESH in self.scenarios and self.open_at else 0)


@dataclass(frozen=True, slots=True)
class Bench:
    """One server, and how it is told what is going on."""

    target: Target
    watched: Watched
    supply_for: Callable[[Scenario], Supply]
    say: Callable[[str], None]

    def run(self, plan: Plan) -> Iterator[Figures]:
        """Every run of the plan. Raises Failure."""
        for scenario in plan.scenarios:
            supply = self.supply_for(scenario)
            if scenario in AT_EVERY_NUMBER:
                self.say(f"{scenario.value}: warming up")
                ready(scenario, self.target, supply, WARM_CONNECTIONS, _WARM_S)()
                supply.end_all()
            rates: dict[int, float] = {}
            for number in plan.numbers(scenario):
                self.say(f"{scenario.value}, connections: {number}, preparing")
                fire = ready(scenario, self.target, supply, number, plan.seconds)
                self.say(f"{scenario.value}, connections: {number}")
                figures = measure(scenario.value, number, self.watched, fire)
                rates[number] = figures.per_s
                supply.end_all()
                yield figures
            if scenario is Scenario.REFRESH and plan.open_at is not None and rates[plan.open_at]:
                yield self._open(supply, plan.open_at, plan.seconds, rates[plan.open_at] * OPEN_SHARE)

    def _open(self, supply: Supply, number: int, seconds: int, per_s: float) -> Figures:
        self.say(f"refresh, connections: {number}, open loop, preparing")
        fire = ready_open(self.target, supply, number, seconds, per_s)
        self.say(f"refresh, connections: {number}, open loop at {per_s:,.0f} a second")
        figures = measure(Scenario.REFRESH.value, number, self.watched, fire)
        supply.end_all()
        return figures


def measure(scenario: str, connections: int, watched: Watched, fire: Fire) -> Figures:
    """Let it loose between two readings of the CPU, and of what a signature costs."""
    signature_before = signature_us()
    server, store = watched.server_cpu_s(), watched.store_cpu_s()
    driven = fire()
    server_then, store_then = watched.server_cpu_s(), watched.store_cpu_s()
    return Figures(
        scenario,
        connections,
        driven,
        None if server is None or server_then is None else server_then - server,
        None if store is None or store_then is None else store_then - store,
        (signature_before + signature_us()) / 2,
    )
