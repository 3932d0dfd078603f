"""The tables of bench/RESULTS.md, between marks; what stands around them is written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.summary import Line, lines, over_floor, ratio

FIRST, LAST = "<!-- figures: written by make bench -->", "<!-- figures: end -->"
BASE = "evergrant-sqlite"
BUDGET_AT = 64


def write(page: Path, results: dict[str, Any]) -> None:
    """Put the tables into the page."""
    text = page.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(FIRST)}.*?{re.escape(LAST)}", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise LookupError(f"the marks are missing in {page}")
    page.write_text(pattern.sub(lambda _: f"{FIRST}\n{tables(results)}\n{LAST}", text), encoding="utf-8")


def tables(results: dict[str, Any]) -> str:
    """All of them, in Markdown."""
    parts = [_machine(results), "### Refresh", _refreshes(results), _beside(results), _floor(results)]
    if results["endpoints"]:
        parts += ["### The other ways to a token, and an open loop", _endpoints(results), _signing_in(results)]
    if results["checking"]:
        parts += ["### An API checks a token, in process", _checking(results["checking"])]
    return "\n\n".join(part for part in parts if part)


def _machine(results: dict[str, Any]) -> str:
    it, asked = results["machine"], results["asked"]
    changed = ", with changes that are not committed" if it["changed_since"] else ""
    versions = ", ".join(f"{name} {number}" for name, number in {**it["versions"], **it["peers"]}.items())
    signatures = [run["signature_us"] for runs in results["rounds"].values() for found in runs for run in found]
    return "\n".join(
        [
            f"- {it['begun']}, commit {it['commit']}{changed}",
            (
                f"- {it['processor']}, {it['cores']} cores, {it['memory_gib']} GiB, {it['system']}; "
                f"one fdatasync {it['fdatasync_ms']} ms; load before: {it['load_before']}"
            ),
            f"- {versions}",
            f"- {asked['rounds']} rounds of {asked['seconds']} s for each number of connections; medians of the rounds",
            (
                f"- one raw ES256 signature cost {median(signatures):.1f} µs "
                f"({min(signatures):.1f} to {max(signatures):.1f}) meanwhile"
            ),
        ]
    )


def _refreshes(results: dict[str, Any]) -> str:
    head = (
        "server",
        "connections",
        "refreshes/s",
        "p50 ms",
        "p99 ms",
        "server µs",
        "store µs",
        "together, in signatures",
    )
    rows = [
        (
            line.server,
            str(line.connections),
            f"{line.per_s:,.0f}",
            f"{line.p50_ms:,.2f}",
            f"{line.p99_ms:,.2f}",
            _whole(line.server_cpu_us),
            _whole(line.store_cpu_us),
            "–" if line.signatures is None else f"{line.signatures:,.1f}",
            _rows(line),
            _whole(line.generator_cpu_us),
            f"{line.errors:,}",
        )
        for line in lines(results)
    ]
    return _table((*head, "rows added", "generator µs", "errors"), rows)


def _rows(line: Line) -> str:
    return "–" if line.rows_added is None else f"{line.rows_added:.2f}"


def _beside(results: dict[str, Any]) -> str:
    """Times the CPU of ours, and what each has on disk when it answers."""
    ours = [name for name in (BASE, "evergrant-postgresql") if name in results["rounds"]]
    at = _compared_at(results)
    rows = [
        (
            name,
            *(f"{found:,.1f} ×" if (found := ratio(results, name, base, at)) is not None else "–" for base in ours),
            facts["durable"],
        )
        for name, facts in results["servers"].items()
    ]
    head = ("server", *(f"CPU for a refresh, times {base}" for base in ours), "on disk before the answer")
    return f"At {at} connections:\n\n" + _table(head, rows)


def _floor(results: dict[str, Any]) -> str:
    found, at = results["floor"], _compared_at(results)
    sign, commit, both = (median(one[name] for one in found) for name in ("signature_us", "commit_us", "together_us"))
    told = [
        (
            f"The floor in the same run: sign {sign:.1f} µs + one of 32 conditional writes in a durable commit "
            f"{commit:.1f} µs = {both:.1f} µs."
        )
    ]
    for name in (BASE, "evergrant-postgresql"):
        times = over_floor(results, name, at)
        if times is not None:
            told.append(f"A refresh of {name} at {at} connections takes {times:.2f} times the floor (budget: 3).")
    return " ".join(told)


def _compared_at(results: dict[str, Any]) -> int:
    connections: list[int] = results["asked"]["connections"]
    return BUDGET_AT if BUDGET_AT in connections else max(connections)


def _endpoints(results: dict[str, Any]) -> str:
    rows = [
        (
            name,
            run["scenario"],
            str(run["connections"]),
            run["loop"],
            f"{run['per_s']:,.0f}",
            f"{run['p50_ms']:,.2f}",
            f"{run['p99_ms']:,.2f}",
            _whole(run["server_cpu_us"]),
            _whole(run["store_cpu_us"]),
            f"{run['signature_us']:.1f}",
            f"{run['errors']:,}",
        )
        for name, runs in results["endpoints"].items()
        for run in runs
    ]
    head = ("server", "scenario", "connections", "loop", "per s", "p50 ms", "p99 ms", "server µs", "store µs")
    return _table((*head, "signature µs", "errors"), rows)


def _signing_in(results: dict[str, Any]) -> str:
    rows = [
        (
            name,
            f"{it['sign_ins_per_s']:,.0f}",
            *(f"{it[when][figure]:,.2f}" for figure in ("p50_ms", "p99_ms") for when in ("alone", "together")),
            f"{it['p99_ratio']} ×",
            str(it["sign_in_errors"] + it["alone"]["errors"] + it["together"]["errors"]),
        )
        for name, it in results["sign_in_storm"].items()
    ]
    head = ("server", "sign-ins/s", "p50 ms alone", "p50 ms beside them", "p99 ms alone", "p99 ms beside them")
    return "Refreshes at 16 connections, alone and beside password sign-ins:\n\n" + _table(
        (*head, "p99", "errors"), rows
    )


def _checking(found: dict[str, Any]) -> str:
    libraries = {name: spent for name, spent in found.items() if name != "signature_us"}
    rows = [(name, f"{spent:.1f}", f"{spent / found['signature_us']:.1f}") for name, spent in libraries.items()]
    return _table(("library", "µs", "in signatures"), rows)


def _whole(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    marks = ["---" if place == 0 else "---:" for place in range(len(head))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, marks, *rows))
