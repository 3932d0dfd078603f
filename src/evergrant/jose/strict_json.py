"""Reads JSON that two programs cannot read differently.

Refused: duplicate members, NaN and Infinity, numbers beyond 2^53, text that is not UTF-8, lone surrogates,
nesting deeper than 16. Each of them has been used to show one program a different token than another (RFC
8725 §3.7).
"""

from __future__ import annotations

import json
import math
from typing import Final, NoReturn

MAX_DEPTH: Final = 16
MAX_NUMBER: Final = 2**53
_MAX_DIGITS: Final = 32


def read_object(octets: bytes) -> dict[str, object]:
    """The JSON object in `octets`. Raises `ValueError`, which does not quote the text."""
    try:
        text = octets.decode("utf-8")
        value: object = _decode(text)
    except (ValueError, RecursionError):
        raise ValueError("not strict JSON") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    # UTF-8 has no surrogates, so they come as escapes only; and what opens fewer brackets is no deeper. Most tokens
    # have neither, and to walk through all of their values cost a tenth of a check.
    if "\\u" in text or text.count("{") + text.count("[") > MAX_DEPTH:
        _check(value, MAX_DEPTH)
    return value


def _check(value: object, depth: int) -> None:
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict | list):
        if depth == 0:
            raise ValueError("nested too deeply")
        if isinstance(value, dict):
            for name in value:
                _check_text(name)
        for member in value.values() if isinstance(value, dict) else value:
            _check(member, depth - 1)


def _check_text(text: str) -> None:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("a lone surrogate")


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a duplicate member")
    return members


def _integer(digits: str) -> int:
    # Python's own limit on digits is a setting of the whole process; ours is not.
    if len(digits) > _MAX_DIGITS or abs(number := int(digits)) > MAX_NUMBER:
        raise ValueError("a number beyond 2^53")
    return number


def _fraction(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number) or abs(number) > MAX_NUMBER:
        raise ValueError("a number beyond 2^53")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decode = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_int=_integer,
    parse_float=_fraction,
    parse_constant=_refuse_constant,
).decode
