"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """BROKEN keeps the server from its promises; WEAK works, but an operator should know."""

    OK = "ok"
    WEAK = "weak"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` names what was looked at; `fix` says what to do, None where all is well."""

    check: str
    grade: Grade
    says: str
    fix: str | None = None


def ok(check: str, says: str) -> Finding:
    """All is well."""
    return Finding(check, Grade.OK, says)


def weak(check: str, says: str, fix: str) -> Finding:
    """It works, but should be better."""
    return Finding(check, Grade.WEAK, says, fix)


def broken(check: str, says: str, fix: str) -> Finding:
    """It must be put right."""
    return Finding(check, Grade.BROKEN, says, fix)
