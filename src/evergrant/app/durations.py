"""Lengths of time as people write them: `90d`, `15m`, `60s`."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_DURATION: Final = re.compile(r"(\d{1,12})\s*(ms|s|m|h|d|w)", re.ASCII)

LONGEST: Final = 36_500 * 86_400_000
"""A hundred years: no slip of the pen may become a moment that 64 bits cannot hold."""

FORM: Final = "a number and a unit, such as 60s, 15m, 12h or 90d"
"""What a duration looks like, for help texts and refusals."""


def parse_duration(text: str) -> int:
    """`text` in milliseconds. Raises ValueError.

    A bare number is refused, because nobody knows its unit; but for 0. So is what is longer than a hundred years.
    """
    found = _DURATION.fullmatch(text.strip().lower())
    if found is not None:
        millis = int(found[1]) * _UNITS[found[2]]
        if millis > LONGEST:
            raise ValueError(f"must be at most {show_duration(LONGEST)}")
        return millis
    if text.strip() == "0":
        return 0
    raise ValueError(f"must be {FORM}")


def show_duration(millis: int) -> str:
    """The shortest exact way to write `millis`, readable by `parse_duration`."""
    if millis == 0:
        return "0"
    for unit in ("d", "h", "m", "s", "ms"):
        if millis % _UNITS[unit] == 0:
            return f"{millis // _UNITS[unit]}{unit}"
    raise AssertionError("every whole number is a number of milliseconds")
