"""`evergrant quickstart`: prints a program, and registers what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from evergrant.cli.answers import Answer, console
from evergrant.cli.command import command
from evergrant.cli.desk import Desk
from evergrant.cli.failures import USAGE, Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from evergrant.cli.quickstart.programs import Program
    from evergrant.core.facts import JsonValue

Name = Literal["fastapi", "flask", "django", "mcp", "web", "cli", "service"]


def add(app: typer.Typer) -> None:
    """Register the command."""
    command(app, "quickstart")(quickstart)


async def quickstart(
    desk: Desk,
    name: Annotated[Name, typer.Argument(metavar="NAME", help="Which program.")],
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Where it will listen.", show_default=False)
    ] = None,
    issuer: Annotated[
        str | None,
        typer.Option(
            help="For another issuer than the development server here; nothing is registered then.", show_default=False
        ),
    ] = None,
    audience: Annotated[
        str | None,
        typer.Option(help="The API: its address, which is its identifier too.", show_default=False),
    ] = None,
    client_id: Annotated[str | None, typer.Option(help="Client of the other issuer.", show_default=False)] = None,
    client_secret: Annotated[
        str | None,
        typer.Option(envvar="EVERGRANT_CLIENT_SECRET", help="Its secret, if it has one.", show_default=False),
    ] = None,
) -> Answer:
    """Print a whole program that uses this server: an API, or a client of one. What it needs is registered here.

    For example: evergrant quickstart fastapi > notes_fastapi.py
    """
    from evergrant.cli.quickstart.programs import API_PORT, PROGRAMS

    program = PROGRAMS[name]
    if port is not None and program.port is None:
        raise Failure(f"{program.file} listens nowhere", "Leave --port out.", exit_code=USAGE)
    listens = None if program.port is None else port or program.port
    values = _values(program, listens, issuer, audience, client_id, client_secret)
    if not await _is_here(desk, issuer):
        _check_complete(program, values)
        told = "Nothing was registered: the issuer is not the development server here."
        return _answer(program, values, (told,), _run(program, values))
    from evergrant.cli.quickstart.registering import register

    office = await desk.office()
    api = audience or f"http://localhost:{listens if program.is_api else API_PORT}{program.path}"
    done = await register(office, program, api, listens, client_id)
    values |= {"ISSUER": office.issuer, "AUDIENCE" if program.is_api else "API": api}
    if done.client_id is not None:
        values["CLIENT_ID"] = done.client_id
    if done.secret is not None:
        values["CLIENT_SECRET"] = done.secret.reveal()
    return _answer(program, values, done.told, [*_run(program, values), *_by_hand(program, values)])


def _values(
    program: Program,
    port: int | None,
    issuer: str | None,
    audience: str | None,
    client_id: str | None,
    client_secret: str | None,
) -> dict[str, str | int]:
    """What was said, by the names that the program has for it."""
    said: dict[str, str | int | None] = {
        "ISSUER": issuer,
        "AUDIENCE": audience,
        "API": audience,
        "CLIENT_ID": client_id,
        "CLIENT_SECRET": client_secret,
        "PORT": port,
    }
    return {name: value for name, value in said.items() if name in program.constants and value is not None}


async def _is_here(desk: Desk, issuer: str | None) -> bool:
    """Whether it is the development server's: only there is anything registered. Raises Failure."""
    from evergrant.app.demo_file import read_demo_file

    settings = desk.settings
    if not settings.development or read_demo_file(settings.data_dir) is None:
        if issuer is None:
            raise Failure(
                "there is no development server here",
                "Start one with `evergrant serve`, or name --issuer and the rest.",
            )
        return False
    return issuer is None or issuer == (await desk.office()).issuer


def _check_complete(program: Program, values: Mapping[str, str | int]) -> None:
    options = {"AUDIENCE": "--audience", "API": "--audience", "CLIENT_ID": "--client-id"}
    missing = [option for name, option in options.items() if name in program.constants and name not in values]
    if "CLIENT_SECRET" in program.constants and "CLIENT_SECRET" not in values:
        missing.append("--client-secret (or EVERGRANT_CLIENT_SECRET)")
    if missing:
        raise Failure(
            f"for another issuer, {program.file} lacks {', '.join(missing)}",
            "Register it there, and add what is missing.",
            exit_code=USAGE,
        )


def _answer(program: Program, values: Mapping[str, str | int], told: tuple[str, ...], steps: Sequence[str]) -> Answer:
    text = program.filled_in(values)
    data: JsonValue = {"program": text, "file": program.file, "told": [*told], "steps": [*steps]}

    def show(out: Console) -> None:
        out.file.write(text)
        err = console(stderr=True)
        for line in (*told, f"Save it as {program.file}, and then:", *(f"  {step}" for step in steps)):
            err.print(line, markup=False, highlight=False, soft_wrap=True)

    return Answer(data, show)


def _run(program: Program, values: Mapping[str, str | int]) -> list[str]:
    """How to run it, and to see that it works."""
    install, run = f"pip install {program.install}", f"python {program.file}"
    match program.name:
        case "fastapi":
            return [install, run, f"open http://localhost:{values['PORT']}/docs and press Authorize"]
        case "web":
            return [install, f"{run}    (it calls {values['API']})", f"open http://localhost:{values['PORT']}/"]
        case "cli":
            return [install, f'{run} add "Buy milk"    (it calls {values["API"]})']
        case "service":
            return [install, f"{run}    (it calls {values['API']})"]
        case _:
            return [install, run]


def _by_hand(program: Program, values: Mapping[str, str | int]) -> list[str]:
    """How a person gets a token for an API, as the client that was registered for that."""
    from evergrant.cli.quickstart.registering import TERMINAL

    if not program.is_api:
        return []
    issuer, audience = values["ISSUER"], values["AUDIENCE"]
    scope = "openid offline_access notes:read notes:write"
    login = f'evergrant login --issuer {issuer} --client-id {TERMINAL} --resource {audience} --scope "{scope}"'
    if program.name == "mcp":
        return [login, f"connect an MCP client to {audience} with the token that `evergrant token` prints"]
    return [login, f'curl -H "Authorization: Bearer $(evergrant token)" {audience}/notes']
