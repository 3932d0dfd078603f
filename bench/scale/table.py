"""The results so far, as Markdown: the last of each measure, kind and size."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Result = dict[str, Any]
Cell = Callable[[Result], object]

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def markdown(results: Path) -> str:
    """A table for each measure that was taken."""
    found = [json.loads(line) for line in results.read_text().splitlines()]
    latest = {
        (it["measure"], it.get("what", ""), it["kind"], it["grants"]): it
        for it in found
        if {"grants", "kind"} <= it.keys()
    }
    kept = sorted(latest.values(), key=lambda it: (it["kind"] != "sqlite", it.get("what", ""), it["grants"]))
    parts = [_table(columns, [it for it in kept if it["measure"] == name]) for name, columns in TABLES.items()]
    return "\n\n".join(part for part in parts if part)


def _table(columns: dict[str, Cell], results: Iterable[Result]) -> str:
    lines = ["| " + " | ".join(str(cell(it)) for cell in columns.values()) + " |" for it in results]
    if not lines:
        return ""
    return "\n".join(["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|", *lines])


def _field(name: str) -> Cell:
    return lambda it: _number(it[name])


def _felt(name: str, of: str = "felt") -> Cell:
    return lambda it: _number(it[of][name]) if of in it else ""


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _place(it: Result) -> str:
    return f"{NAMES[it['kind']]}, 10^{len(str(it['grants'])) - 1}"


def _ratio(it: Result) -> str:
    return str(round((it["server_us"] + it["store_us"]) / it["signature_us"], 1))


def _heaviest(it: Result) -> str:
    names = sorted(it["each"], key=lambda name: -it["each"][name])
    return ", ".join(f"{name.removeprefix('grants_')} {it['each'][name]}" for name in names if it["each"][name] >= 1)


def _flat(it: Result) -> str:
    return f"{it['after']['bytes'] - it['before']['bytes']:+,}"


def _in_place(it: Result) -> str:
    return f"{it['in_place_share']:.2%}" if "in_place_share" in it else ""


def _dead(it: Result) -> str:
    if "after_vacuum" not in it:
        return ""
    return " → ".join(_number(it[when]["updates"]["dead"]) for when in ("before", "after", "after_vacuum"))


def _log(it: Result) -> str:
    lengths = it.get("log_bytes", "")
    longest = max(lengths) if isinstance(lengths, list) else lengths
    return f"{longest / 1e6:,.0f}" if longest != "" else ""


ENDING: dict[str, Cell] = {
    "grants": _place,
    "grants ended": _field("grants_ended"),
    "time": lambda it: f"{it['seconds']} s" if "seconds" in it else f"p50 {it['p50_ms']}, p99 {it['p99_ms']} ms",
    "others quiet: p50, p99 ms": lambda it: f"{it['quiet']['p50_ms']}, {it['quiet']['p99_ms']}",
    "others meanwhile: p50, p99, max ms": lambda it: ", ".join(
        str(it["felt"][name]) for name in ("p50_ms", "p99_ms", "max_ms")
    ),
    "503": lambda it: it["felt"]["unavailable"] + it["storm_unavailable"],
    "longest log, MB": _log,
}

TABLES: dict[str, dict[str, Cell]] = {
    "refresh": {
        "grants": _place,
        "": _field("what"),
        "connections": _field("connections"),
        "refreshes/s": _field("refreshes_per_s"),
        "server µs": _field("server_us"),
        "store µs": _field("store_us"),
        "signature µs": _field("signature_us"),
        "in signatures": _ratio,
        "p50 ms": _field("p50_ms"),
        "p99 ms": _field("p99_ms"),
        "max ms": _field("max_ms"),
        "503": _field("unavailable"),
        "refused": _field("refused"),
    },
    "sizes": {"grants": _place, "bytes per grant": _field("bytes_per_grant"), "of which": _heaviest},
    "renew": {
        "grants": _place,
        "renewals": _field("renewed"),
        "per s": _field("per_s"),
        "rows added": lambda it: sum(it["rows_added"].values()),
        "bytes added": _flat,
        "in place (HOT)": _in_place,
        "dead rows before → after → vacuumed": _dead,
        "longest log, MB": _log,
    },
    "end-subjects": ENDING,
    "end-client": ENDING,
    "reap": {
        "grants": _place,
        "over": _field("expired"),
        "left": _field("left"),
        "rows/s": _field("rows_per_s"),
        "refresh p50 ms: quiet, meanwhile": lambda it: f"{_felt('p50_ms', 'quiet')(it)}, {_felt('p50_ms')(it)}",
        "p99 ms: quiet, meanwhile": lambda it: f"{_felt('p99_ms', 'quiet')(it)}, {_felt('p99_ms')(it)}",
        "max ms meanwhile": _felt("max_ms"),
    },
}
