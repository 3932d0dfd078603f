"""What was measured, as values: the table and the JSON are drawn from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evergrant.core.facts import JsonValue

Loop = Literal["closed", "open"]


@dataclass(frozen=True, slots=True)
class Driven:
    """What a generator saw. Times in seconds; `p50_s`, `p99_s` per request.

    Closed loop: a connection sends when it has its answer. Open loop: requests are due at a steady rate, and wait is
    counted from then. `starved`: sent without a token, because too many were lost; never answered usefully.
    """

    loop: Loop
    answered: int
    refused: int
    starved: int
    broken: int
    seconds: float
    p50_s: float
    p99_s: float
    generator_cpu_s: float
    refusal: str = ""
    """The first answer that was none, in short."""

    @property
    def errors(self) -> int:
        """All that was not an answer as it must be."""
        return self.refused + self.starved + self.broken


@dataclass(frozen=True, slots=True)
class Figures:
    """One run. CPU in seconds over the whole run; None: could not be read.

    `signature_us`: one raw ES256 signature, around the run.
    """

    scenario: str
    connections: int
    driven: Driven
    server_cpu_s: float | None
    store_cpu_s: float | None
    signature_us: float

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return self.driven.answered / self.driven.seconds if self.driven.seconds else 0.0

    def cpu_us(self, seconds: float | None) -> float | None:
        """Microseconds for each answer."""
        return None if seconds is None or not self.driven.answered else seconds * 1e6 / self.driven.answered

    def data(self) -> dict[str, JsonValue]:
        """As `evergrant bench --json` and `make bench` write it. Rates per second, latency in ms, CPU in µs."""
        driven = self.driven
        return {
            "scenario": self.scenario,
            "connections": self.connections,
            "loop": driven.loop,
            "seconds": round(driven.seconds, 2),
            "answered": driven.answered,
            "errors": driven.errors,
            "per_s": round(self.per_s, 1),
            "p50_ms": round(driven.p50_s * 1e3, 3),
            "p99_ms": round(driven.p99_s * 1e3, 3),
            "server_cpu_us": _rounded(self.cpu_us(self.server_cpu_s)),
            "store_cpu_us": _rounded(self.cpu_us(self.store_cpu_s)),
            "generator_cpu_us": _rounded(self.cpu_us(driven.generator_cpu_s)),
            "signature_us": round(self.signature_us, 2),
            **({"refusal": driven.refusal} if driven.refusal else {}),
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
