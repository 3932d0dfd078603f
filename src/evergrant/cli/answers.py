"""What a command answers: data for programs (`--json`), and the same drawn for people."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evergrant.core.facts import JsonValue

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Answer:
    """`data` is documented and stable; `show` draws it on a console."""

    data: JsonValue
    show: Callable[[Console], None]
    exit_code: int = 0


def note(data: JsonValue, *lines: str) -> Answer:
    """A few sentences."""

    def show(console: Console) -> None:
        for line in lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    return Answer(data, show)


def card(data: JsonValue, pairs: Iterable[tuple[str, str]], *after: str) -> Answer:
    """One thing: names and values in two columns, then a few sentences."""
    rows = [(name, value) for name, value in pairs if value]

    def show(console: Console) -> None:
        width = max((len(name) for name, _ in rows), default=0)
        for name, value in rows:
            console.print(f"{name:<{width}}  {value}", markup=False, highlight=False, soft_wrap=True)
        for line in after:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    return Answer(data, show)


def listing(data: JsonValue, columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> Answer:
    """Several things: a table, or the sentence `empty`."""

    def show(console: Console) -> None:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        if not rows:
            console.print(empty, markup=False, highlight=False)
            return
        table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)

    return Answer(data, show)


def say(answer: Answer, *, as_json: bool) -> None:
    """Write the answer to standard output."""
    if as_json:
        print(json.dumps(answer.data, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))
        return
    answer.show(console())


def console(*, stderr: bool = False) -> Console:
    """A console that is as wide as a pipe's reader wants, and has no colour where `NO_COLOR` says so."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # Cells are never cut short in a pipe: a program may read them.
    width = None if stream.isatty() else 1000
    # `urn:x:things` is an identifier and no emoji.
    return Console(stderr=stderr, width=width, emoji=False, no_color=bool(os.environ.get("NO_COLOR")))
