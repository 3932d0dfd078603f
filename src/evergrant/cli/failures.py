"""How a command fails: one clear line and a remedy. Never a traceback, never a secret."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Final

USAGE: Final = 2
FAILED: Final = 1
INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. `key` names a setting."""

    message: str
    remedy: str | None = None
    key: str | None = None


class Failure(Exception):
    """A command that could not do what it was asked."""

    def __init__(self, message: str, remedy: str | None = None, *, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.troubles: tuple[Trouble, ...] = (Trouble(message, remedy),)
        self.exit_code = exit_code


def report(troubles: tuple[Trouble, ...], *, as_json: bool) -> None:
    """Write what is wrong to standard error."""
    if as_json:
        told = [
            {
                name: value
                for name, value in (("key", t.key), ("message", t.message), ("remedy", t.remedy))
                if value is not None
            }
            for t in troubles
        ]
        print(json.dumps({"errors": told}, ensure_ascii=False), file=sys.stderr)
        return
    for trouble in troubles:
        key = f"{trouble.key}: " if trouble.key else ""
        print(f"evergrant: {key}{trouble.message}", file=sys.stderr)
        if trouble.remedy:
            print(f"  {trouble.remedy}", file=sys.stderr)
