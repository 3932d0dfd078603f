"""The commands by name, and what happens when one fails."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from evergrant import __version__
from evergrant.cli import bench, client, db, doctor, explain, grant, keys, realm, resource, serve, user
from evergrant.cli.failures import INTERRUPTED, Failure, Trouble, report
from evergrant.cli.quickstart import command as quickstart
from evergrant.cli.signing_in import login, logout, token
from evergrant.cli.trying import command as trying

app = typer.Typer(
    name="evergrant",
    help="An OAuth 2.1 and OpenID Connect authorization server. One command starts it: evergrant serve",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
for add in (serve.add, trying.add, quickstart.add, login.add, token.add, logout.add):
    add(app)
for add in (realm.add, client.add, resource.add, user.add, grant.add, keys.add, db.add):
    add(app)
explain.add(app)
doctor.add(app)
bench.add(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"evergrant {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True)
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    realm: Annotated[
        str | None, typer.Option("--realm", metavar="NAME", help="Realm to work in.", show_default=False)
    ] = None,
) -> None:
    """Both options may also stand behind the command."""


def run() -> int:
    """Run the command in `sys.argv` and return its exit code."""
    as_json = "--json" in sys.argv
    try:
        outcome = typer.main.get_command(app).main(prog_name="evergrant", standalone_mode=False)
    except typer.TyperException as usage:
        if as_json:
            report((Trouble(usage.format_message(), "See --help."),), as_json=True)
        else:
            usage.show()  # type: ignore[attr-defined]  # every one that is raised here is a ClickException, and has it
        return usage.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as problem:  # noqa: BLE001  the last net: whatever it is, it is one line and an exit code
        troubles, exit_code = _explain(problem)
        report(troubles, as_json=as_json)
        return exit_code
    return outcome if isinstance(outcome, int) else 0


def _explain(problem: Exception) -> tuple[tuple[Trouble, ...], int]:
    if isinstance(problem, Failure):
        return problem.troubles, problem.exit_code
    # Late: only a failure needs to know what failures there are.
    from evergrant.cli.diagnosis import diagnose

    return diagnose(problem)
