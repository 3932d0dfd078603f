"""What is wrong with the settings, all of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

EXIT_CODE: Final = 78
"""EX_CONFIG of sysexits(3)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong or missing setting. Never holds its value: it may be a secret."""

    key: str
    wrong: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.key}: {self.wrong}. {self.remedy}"


class SettingsError(Exception):
    """The settings cannot be; every problem is listed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class NotReady(Exception):
    """The server must not start as things are; the remedy says what to do first."""

    def __init__(self, wrong: str, remedy: str) -> None:
        super().__init__(f"{wrong}. {remedy}")
        self.wrong = wrong
        self.remedy = remedy
