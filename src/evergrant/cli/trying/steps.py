"""What was tried and how it went, as values: the tree and the JSON are drawn from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class NotAsItMustBe(Exception):
    """A check failed and the loop cannot go on; the text says what is not so."""


@dataclass(slots=True)
class Step:
    """One station of the loop. `checks` are sentences and whether they are true."""

    name: str
    title: str
    checks: list[tuple[str, bool]] = field(default_factory=list)
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Everything is as it must be."""
        return self.problem is None and all(true for _, true in self.checks)

    def check(self, sentence: str, true: bool) -> None:
        """Note whether `sentence` is so; the loop goes on."""
        self.checks.append((sentence, true))

    def need(self, sentence: str, true: bool) -> None:
        """As `check`, but without it nothing further can be tried."""
        self.check(sentence, true)
        if not true:
            raise NotAsItMustBe(sentence)


@dataclass(slots=True)
class Report:
    """All steps, in order."""

    issuer: str
    steps: list[Step] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return bool(self.steps) and all(step.ok for step in self.steps)

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[Step]:
        """A step that is part of the report, also when it ends early."""
        step = Step(name, title)
        self.steps.append(step)
        yield step
