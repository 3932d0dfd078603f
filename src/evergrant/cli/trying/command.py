"""`evergrant try`: the command, its tree and its JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evergrant.cli.answers import Answer, console
from evergrant.cli.command import command
from evergrant.cli.desk import Desk

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from evergrant.cli.trying.steps import Report, Step
    from evergrant.core.facts import JsonValue


def add(app: typer.Typer) -> None:
    """Register the command."""
    command(app, "try")(try_loop)


def try_loop(
    desk: Desk,
    issuer: Annotated[
        str | None, typer.Option(help="Issuer to try; default: the development server here.", show_default=False)
    ] = None,
    client_id: Annotated[
        str | None,
        typer.Option(help="Client to use; its redirect URI is http://127.0.0.1/callback.", show_default=False),
    ] = None,
    client_secret: Annotated[
        str | None,
        typer.Option(envvar="EVERGRANT_CLIENT_SECRET", help="Its secret, if it has one.", show_default=False),
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="Certificates to trust for https, PEM.", show_default=False)
    ] = None,
    open_browser: Annotated[bool, typer.Option(help="Open the browser, or only print the address.")] = True,
) -> Answer:
    """Walk the whole loop against an issuer: sign in, call an API, refresh, lose an answer, replay."""
    from evergrant.cli.trying.loop import run_loop
    from evergrant.cli.trying.means import Wanted, choose

    wanted = Wanted(issuer, client_id, client_secret, ca_file, open_browser)
    with choose(desk, wanted) as (target, means), _progress(shown=not desk.as_json and client_id is None) as progress:
        report = run_loop(target, means, progress)
    return Answer(_data(report), lambda out: _draw(report, out), exit_code=0 if report.ok else 1)


@contextmanager
def _progress(*, shown: bool) -> Iterator[Callable[[Step], None]]:
    """Says on a terminal how far the loop is; the tree comes at the end. Not while a person is told what to do."""
    if not shown:
        yield lambda _step: None
        return
    with console(stderr=True).status("Discovery …") as status:
        yield lambda step: status.update(f"{step.title} … done")


def _data(report: Report) -> JsonValue:
    return {
        "issuer": report.issuer,
        "ok": report.ok,
        "steps": [
            {
                "step": step.name,
                "ok": step.ok,
                "checks": [{"check": sentence, "ok": true} for sentence, true in step.checks],
                **({"problem": step.problem} if step.problem is not None else {}),
            }
            for step in report.steps
        ],
    }


def _draw(report: Report, out: Console) -> None:
    from rich.text import Text
    from rich.tree import Tree

    tree = Tree(Text(report.issuer, style="bold"))
    for step in report.steps:
        branch = tree.add(_marked(step.title, true=step.ok))
        for sentence, true in step.checks:
            branch.add(_marked(sentence, true=true))
        if step.problem is not None and (step.problem, False) not in step.checks:
            branch.add(_marked(step.problem, true=False))
    out.print(tree)
    failed = [step.title for step in report.steps if not step.ok]
    last = "Everything is as it must be." if report.ok else f"Not as it must be: {', '.join(failed)}."
    out.print(Text(last, style="green" if report.ok else "red"))


def _marked(sentence: str, *, true: bool) -> Text:
    from rich.text import Text

    return Text.assemble(("✓ ", "green") if true else ("✗ ", "red"), sentence)
