"""`evergrant doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from evergrant.cli.answers import Answer
from evergrant.cli.command import command
from evergrant.cli.desk import Desk
from evergrant.cli.failures import FAILED

if TYPE_CHECKING:
    from rich.console import Console

    from evergrant.app.doctor.findings import Finding
    from evergrant.core.facts import JsonValue


def add(app: typer.Typer) -> None:
    """Register the command."""
    command(app, "doctor")(doctor)


async def doctor(desk: Desk) -> Answer:
    """Check settings, proxy, TLS, database, clocks, keys, files and clients. Exit code 1 if something is broken."""
    from evergrant.app.doctor.findings import Grade

    found = await _examine(desk)
    sick = any(finding.grade is Grade.BROKEN for finding in found)
    data: JsonValue = {"ok": not sick, "findings": [_data(finding) for finding in found]}
    return Answer(data, lambda out: _draw(found, out), FAILED if sick else 0)


async def _examine(desk: Desk) -> list[Finding]:
    from evergrant.app.doctor.address import check_address
    from evergrant.app.doctor.clients import check_clients
    from evergrant.app.doctor.database import check_database
    from evergrant.app.doctor.findings import broken
    from evergrant.app.doctor.machine import check_machine
    from evergrant.app.problems import NotReady, SettingsError
    from evergrant.app.wiring import clock
    from evergrant.core.ports.reader import StoreUnavailable

    try:
        settings = desk.settings
    except SettingsError as error:
        return [broken(f"settings: {problem.key}", problem.wrong, problem.remedy) for problem in error.problems]
    found = [*check_machine(settings, clock()), await check_address(settings)]
    try:
        office = await desk.office()
        found += await check_database(settings, office, clock)
        found += check_clients(office.realm, await office.clients.list(), development=settings.development)
    except StoreUnavailable:
        fix = "Start it, and look at EVERGRANT_DATABASE__URL."
        found.append(broken("database", f"{settings.database_in_words} does not answer", fix))
    except NotReady as problem:
        found.append(broken("schema", problem.wrong, problem.remedy))
    return found


def _data(finding: Finding) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {"check": finding.check, "grade": finding.grade.value, "says": finding.says}
    return told if finding.fix is None else told | {"fix": finding.fix}


def _draw(found: list[Finding], out: Console) -> None:
    from rich.text import Text

    from evergrant.app.doctor.findings import Grade

    marks = {Grade.OK: ("✓", "green"), Grade.WEAK: ("!", "yellow"), Grade.BROKEN: ("✗", "red")}
    for finding in found:
        out.print(Text.assemble(marks[finding.grade], f" {finding.check}: {finding.says}"), soft_wrap=True)
        if finding.fix is not None:
            out.print(Text(f"    {finding.fix}", style="bold"), soft_wrap=True)
