"""Policies as people write them: `access_token_lifetime = "15m"`, `--renew never`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Final

from evergrant.app.durations import parse_duration, show_duration
from evergrant.core.policy import Policy, PolicyError, PolicyValue, check_overrides

_PLAIN_NUMBERS: Final = frozenset({"max_grants"})
_SWITCHES: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}

DURATIONS: Final = frozenset(f.name for f in fields(Policy) if f.type is int and f.name not in _PLAIN_NUMBERS)
"""The policies that are lengths of time."""


def read_policies(given: Mapping[str, object]) -> dict[str, PolicyValue]:
    """Written policies as stored ones. Raises PolicyError naming all that are unknown, unreadable or impossible."""
    problems: list[str] = []
    values: dict[str, object] = {}
    for name, value in given.items():
        try:
            values[name] = _read(name, value)
        except ValueError as problem:
            problems.append(f"{name}: {problem}")
    try:
        clean = check_overrides(values)
    except PolicyError as problem:
        problems.append(str(problem))
        clean = {}
    if problems:
        raise PolicyError("; ".join(problems))
    return clean


def show_policy(name: str, value: PolicyValue) -> str:
    """A policy's value as `read_policies` reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return show_duration(value) if name in DURATIONS and isinstance(value, int) else str(value)


def _read(name: str, value: object) -> object:
    """Raises ValueError in words that follow the policy's name."""
    if name in DURATIONS:
        return parse_duration(str(value))
    if not isinstance(value, str):
        return value
    if name in _PLAIN_NUMBERS:
        if not value.isdecimal():
            raise ValueError("must be a whole number")
        return int(value)
    if name == "extend_on_renew":
        # An unknown word goes on as it is: the policy's own check says what would be right.
        return _SWITCHES.get(value.lower(), value)
    return value
