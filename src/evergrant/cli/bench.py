"""`evergrant bench`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from evergrant.cli.answers import Answer, console
from evergrant.cli.command import command
from evergrant.cli.desk import Desk
from evergrant.cli.failures import USAGE, Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from evergrant.cli.benching.running import Plan
    from evergrant.cli.benching.scenarios import Scenario
    from evergrant.core.facts import JsonValue

MOST_SECONDS: Final = 60
MOST_CONNECTIONS: Final = 512
MOST_RUNS: Final = 8


def add(app: typer.Typer) -> None:
    """Register the command."""
    command(app, "bench")(bench)


def bench(
    desk: Desk,
    url: Annotated[
        str | None, typer.Argument(help="Where the server listens; default: the issuer of the settings here.")
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            help="refresh, refresh-openid, client-credentials, introspection, code, password, or all.",
            show_default="refresh",
        ),
    ] = None,
    connections: Annotated[
        str, typer.Option(metavar="N,N", help=f"Connections of each run, at most {MOST_CONNECTIONS}.")
    ] = "1,16,64",
    seconds: Annotated[int, typer.Option(min=1, max=MOST_SECONDS, help="Length of each run.")] = 5,
    open_loop: Annotated[
        bool, typer.Option(help="Refresh once more at 60 % of the rate, to see latency without the closed loop.")
    ] = True,
    client_id: Annotated[
        str | None, typer.Option(help="Client to ask as; default: the demo clients.", show_default=False)
    ] = None,
    client_secret: Annotated[
        str | None,
        typer.Option(
            envvar="EVERGRANT_CLIENT_SECRET", help="Its secret; better in the environment.", show_default=False
        ),
    ] = None,
    redirect_uri: Annotated[str, typer.Option(help="One of the client's.")] = "http://127.0.0.1/callback",
    username: Annotated[str | None, typer.Option(help="Who signs in.", show_default=False)] = None,
    password: Annotated[
        str | None,
        typer.Option(
            envvar="EVERGRANT_PASSWORD",
            help="Their password; better in the environment, or typed when asked.",
            show_default=False,
        ),
    ] = None,
    tokens: Annotated[
        Path | None,
        typer.Option(help="Refresh tokens of the client, one a line, instead of a person.", show_default=False),
    ] = None,
    pid: Annotated[
        list[int] | None,
        typer.Option(help="The server's main process; default: whoever listens on the port.", show_default=False),
    ] = None,
    store_pid: Annotated[
        list[int] | None,
        typer.Option(help="PostgreSQL's main process; default: the one the server talks to.", show_default=False),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write the JSON there as well.", show_default=False)] = None,
    allow_remote: Annotated[bool, typer.Option("--allow-remote", help="The server may be another machine.")] = False,
) -> Answer:
    """Measure a running server: a bounded storm of requests, its latency, and what each answer cost.

    Needs wrk. In a development folder nothing has to be named. Grants that it begins are revoked at the end.
    """
    from evergrant.cli.benching.report import measure, report
    from evergrant.cli.benching.running import Plan
    from evergrant.cli.benching.who import Asked

    plan = Plan(_scenarios(scenario or ["refresh"]), _numbers(connections), seconds, open_loop)
    asked = Asked(client_id, client_secret, redirect_uri, username, password, tokens, allow_remote)
    with _progress(plan, shown=not desk.as_json) as (say, done):
        measured = measure(desk.settings, url, asked, plan, (pid or (), store_pid or ()), say, done)
    answer = report(measured)
    if output is not None:
        _write(output, answer.data)
    return answer


def _scenarios(names: Sequence[str]) -> tuple[Scenario, ...]:
    from evergrant.cli.benching.scenarios import Scenario

    if "all" in names:
        return tuple(Scenario)
    known = {scenario.value: scenario for scenario in Scenario}
    for name in names:
        if name not in known:
            raise Failure(f"{name} is no scenario", f"There are {', '.join(known)} and all.", exit_code=USAGE)
    return tuple(dict.fromkeys(known[name] for name in names))


def _numbers(text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < 1 or max(numbers) > MOST_CONNECTIONS or len(numbers) > MOST_RUNS:
        raise Failure(
            f"{text} is no list of connections",
            f"Write 1,16,64: at most {MOST_RUNS} numbers from 1 to {MOST_CONNECTIONS}.",
            exit_code=USAGE,
        )
    return numbers


@contextmanager
def _progress(plan: Plan, *, shown: bool) -> Iterator[tuple[Callable[[str], None], Callable[[], None]]]:
    """Two functions: one says what is going on, the other that a run is done."""
    if not shown:
        yield lambda _: None, lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        BarColumn(24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task("looking for the server", total=plan.runs())
        yield lambda text: progress.update(task, description=text), lambda: progress.advance(task)


def _write(path: Path, data: JsonValue) -> None:
    import json

    try:
        path.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError:
        raise Failure(f"{path} cannot be written", "The figures are lost; name another file.") from None
