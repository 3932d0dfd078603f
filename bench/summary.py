"""From the rounds to one figure each: medians, and ratios that were taken within a round before the median."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

Run = dict[str, Any]  # decoded JSON


@dataclass(frozen=True, slots=True)
class Line:
    """One server at one number of connections. CPU in µs for each refresh, latency in ms; None: not known."""

    server: str
    connections: int
    per_s: float
    p50_ms: float
    p99_ms: float
    server_cpu_us: float | None
    store_cpu_us: float | None
    signatures: float | None
    """Server and store together, in raw ES256 signatures of the same run."""
    generator_cpu_us: float | None
    rows_added: float | None
    errors: int

    @property
    def together_us(self) -> float | None:
        """Server and store."""
        return None if self.server_cpu_us is None else self.server_cpu_us + (self.store_cpu_us or 0.0)


def lines(results: dict[str, Any]) -> list[Line]:
    """Every server at every number of connections, in the order they were asked for."""
    return [
        _line(name, connections, list(_at(rounds, connections)))
        for name, rounds in results["rounds"].items()
        for connections in results["asked"]["connections"]
    ]


def ratio(results: dict[str, Any], name: str, base: str, connections: int) -> float | None:
    """How many times the CPU of `base` a refresh of `name` takes: within each round, then the median."""
    theirs = list(_at(results["rounds"].get(name, []), connections))
    ours = list(_at(results["rounds"].get(base, []), connections))
    found = [
        together / of_base
        for their, our in zip(theirs, ours, strict=False)
        if (together := _together(their)) is not None and (of_base := _together(our))
    ]
    return median(found) if found else None


def over_floor(results: dict[str, Any], name: str, connections: int) -> float | None:
    """CPU of a refresh over the floor (sign + batched commit), both in signatures of their own moment."""
    runs = _at(results["rounds"].get(name, []), connections)
    found = [
        (together / run["signature_us"]) / (floor["together_us"] / floor["signature_us"])
        for run, floor in zip(runs, results["floor"], strict=False)
        if (together := _together(run)) is not None
    ]
    return median(found) if found else None


def _at(rounds: list[list[Run]], connections: int) -> Iterable[Run]:
    return (run for runs in rounds for run in runs if run["connections"] == connections)


def _together(run: Run) -> float | None:
    server = run["server_cpu_us"]
    return None if server is None else float(server) + float(run["store_cpu_us"] or 0.0)


def _line(name: str, connections: int, runs: list[Run]) -> Line:
    def mid(take: Callable[[Run], float | None]) -> float | None:
        values = [value for run in runs if (value := take(run)) is not None]
        return median(values) if values else None

    return Line(
        name,
        connections,
        mid(lambda run: run["per_s"]) or 0.0,
        mid(lambda run: run["p50_ms"]) or 0.0,
        mid(lambda run: run["p99_ms"]) or 0.0,
        mid(lambda run: run["server_cpu_us"]),
        mid(lambda run: run["store_cpu_us"]),
        mid(lambda run: None if (both := _together(run)) is None else both / run["signature_us"]),
        mid(lambda run: run["generator_cpu_us"]),
        mid(lambda run: run["rows_added"]),
        sum(run["errors"] for run in runs),
    )
