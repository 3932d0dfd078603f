"""The figures, drawn for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evergrant.cli.benching.figures import Figures

if TYPE_CHECKING:
    from rich.console import Console

    from evergrant.cli.benching.target import Target, Watched

_COLUMNS = (
    "scenario",
    "connections",
    "loop",
    "per s",
    "p50 ms",
    "p99 ms",
    "server µs",
    "store µs",
    "in signatures",
    "generator µs",
    "errors",
)


def draw(out: Console, target: Target, watched: Watched, found: Sequence[Figures]) -> None:
    """A table, and what has to be known to read it."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out.print(Text(target.base_url, style="bold"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name in ("scenario", "loop") else "right")
    for figures in found:
        table.add_row(*(Text(cell, style="red" if bad else "") for cell, bad in _cells(figures)))
    out.print(table)
    for line in notes(watched, found):
        out.print(Text(line), soft_wrap=True)


def notes(watched: Watched, found: Sequence[Figures]) -> list[str]:
    """What has to be known to read the table."""
    signature = sum(figures.signature_us for figures in found) / len(found)
    lines = [
        "µs: of CPU for each answer, user and system, children included.",
        f"One raw ES256 signature cost {signature:.1f} µs then: on a busy machine it costs more, as all does.",
    ]
    if not watched.server:
        lines.append("CPU was not read: no process of ours listens on that port. Name one with --pid.")
    elif not watched.store:
        lines.append("The store is counted with the server (SQLite), or was not found: --store-pid names it.")
    refused = [figures for figures in found if figures.driven.refusal]
    lines += [f"{figures.scenario}: refused with {figures.driven.refusal}" for figures in refused[:3]]
    return lines


def _cells(figures: Figures) -> list[tuple[str, bool]]:
    driven = figures.driven
    server, store = figures.cpu_us(figures.server_cpu_s), figures.cpu_us(figures.store_cpu_s)
    both = None if server is None else server + (store or 0)
    return [
        (figures.scenario, False),
        (str(figures.connections), False),
        (driven.loop, False),
        (f"{figures.per_s:,.0f}", False),
        (f"{driven.p50_s * 1e3:,.2f}", False),
        (f"{driven.p99_s * 1e3:,.2f}", False),
        (_cost(server), False),
        (_cost(store), False),
        ("–" if both is None else f"{both / figures.signature_us:,.1f}", False),
        (_cost(figures.cpu_us(driven.generator_cpu_s)), False),
        (f"{driven.errors:,}", driven.errors > 0),
    ]


def _cost(microseconds: float | None) -> str:
    return "–" if microseconds is None else f"{microseconds:,.0f}"
