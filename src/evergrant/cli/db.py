"""`evergrant db …`: the database's schema."""

from __future__ import annotations

import typer

from evergrant.cli.answers import Answer, note
from evergrant.cli.command import command
from evergrant.cli.desk import Desk
from evergrant.cli.failures import FAILED


def add(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help="The database's schema.", no_args_is_help=True)
    command(group, "upgrade")(upgrade)
    command(group, "check")(check)
    app.add_typer(group, name="db")


def upgrade(desk: Desk) -> Answer:
    """Bring the schema to the newest version; an empty database is set up."""
    from evergrant.app.wiring import upgrade_schema

    upgrade_schema(desk.settings)
    return note({"database": desk.settings.database_in_words, "schema": "head"}, "The schema is at head.")


def check(desk: Desk) -> Answer:
    """Say whether the schema is the newest; exit code 1 if not."""
    from evergrant.app.wiring import check_schema

    state = check_schema(desk.settings)
    answer = note(
        {"database": desk.settings.database_in_words, "schema": state},
        "The schema is at head." if state == "head" else state,
    )
    return Answer(answer.data, answer.show, 0 if state == "head" else FAILED)
