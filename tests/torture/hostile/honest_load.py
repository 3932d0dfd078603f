"""Honest clients beside an attack: each renews its session at its own pace, and every answer is timed."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter

from tests.faults.line import LOST, Line, Program


@dataclass(slots=True)
class Timings:
    """What the clients were told, and how long it took in seconds."""

    told: Counter[str] = field(default_factory=Counter)  # by status, or "lost"
    seconds: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """In milliseconds."""
        ranked = sorted(self.seconds)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))] * 1_000

    def __str__(self) -> str:
        p50, p99 = self.percentile(0.5), self.percentile(0.99)
        return f"{len(self.seconds)} refreshes, {dict(self.told)}: p50 {p50:.1f} ms, p99 {p99:.1f} ms"


def renew(port: int, program: Program, tokens: list[str], *, seconds: float, pace_s: float = 0.04) -> Timings:
    """Each of the sessions is renewed every `pace_s` seconds, for so long. `tokens` are then the newest."""
    timings = Timings()

    async def all_of_them() -> None:
        await asyncio.gather(*(_one(port, program, tokens, n, timings, seconds, pace_s) for n in range(len(tokens))))

    asyncio.run(all_of_them())
    return timings


async def _one(
    port: int, program: Program, tokens: list[str], number: int, timings: Timings, seconds: float, pace_s: float
) -> None:
    line, never, began = Line(port), asyncio.Event(), perf_counter()
    due = began + pace_s * number / len(tokens)
    while due < began + seconds:
        try:
            async with asyncio.timeout(max(0.0, due - perf_counter())):
                await never.wait()
        except TimeoutError:
            pass
        due = max(due + pace_s, perf_counter())
        await _renew(line, program, tokens, number, timings)
    await line.hang_up()


async def _renew(line: Line, program: Program, tokens: list[str], number: int, timings: Timings) -> None:
    began = perf_counter()
    try:
        answer = await line.refresh(program, tokens[number])
    except LOST:
        timings.told["lost"] += 1
        return
    timings.seconds.append(perf_counter() - began)
    timings.told[str(answer.status)] += 1
    if answer.status == 200:
        tokens[number] = answer.refresh_token


def ratio(alone: Timings, beside: Timings) -> str:
    """How much slower, in words for a report."""
    return f"p99 × {beside.percentile(0.99) / alone.percentile(0.99):.2f}"
