"""The commands and their options, from the command line itself."""

import re
from collections.abc import Iterator
from enum import Enum
from typing import Literal, get_args, get_origin

import typer.main

from documents.words import code, page, table
from evergrant.app.problems import EXIT_CODE
from evergrant.cli.command import DEFAULT_REALM
from evergrant.cli.failures import FAILED, INTERRUPTED, USAGE
from evergrant.cli.root import app

Command = typer.core.TyperCommand
Group = typer.core.TyperGroup

_COMMON = {"as_json", "realm", "help"}
_POLICIES = "Policies"


def cli_page() -> tuple[str, str]:
    """The page and its name."""
    root = typer.main.get_command(app)
    if not isinstance(root, Group):
        raise TypeError("evergrant has no commands")
    return "cli.md", page(
        "Command line",
        root.help or "",
        "Commands work on the database itself, beside a running server or without one; the server notices within a"
        " second. They read the same settings as the server, so run them in the same folder, with the same"
        " environment.",
        f"Every command has `--json`, which answers in JSON, and `--realm NAME`, the realm to work in"
        f" (`{DEFAULT_REALM}`). Policy options are those of [the policies](policies.md), with hyphens.",
        table(
            ("exit code", "meaning"),
            (
                ("0", "It is done."),
                (str(FAILED), "It could not be done; standard error says why and what to do."),
                (str(USAGE), "The command was not understood."),
                (str(EXIT_CODE), "Settings are missing or wrong; all of them are named."),
                (str(INTERRUPTED), "It was interrupted."),
            ),
        ),
        *(_section(name, command) for name, command in _commands(root, "evergrant")),
    )


def _commands(group: Group, above: str) -> Iterator[tuple[str, Command]]:
    for name, command in group.commands.items():
        if isinstance(command, Group):
            yield from _commands(command, f"{above} {name}")
        elif isinstance(command, Command) and not command.hidden:
            yield f"{above} {name}", command


def _section(name: str, command: Command) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name not in _COMMON]
    policies = [p for p in options if getattr(p, "rich_help_panel", None) == _POLICIES]
    shown = [option for option in options if option not in policies]
    usage = " ".join([name, *(_metavar(argument) for argument in arguments), "[OPTIONS]" if options else ""]).strip()
    parts = [f"## {name}", f"```text\n{usage}\n```", " ".join((command.help or "").split())]
    told = [(code(_metavar(argument)), getattr(argument, "help", None) or "") for argument in arguments]
    told += [(_spelling(option), _help(option)) for option in shown]
    if any(text for _, text in told):
        parts.append(table(("argument or option", "meaning"), told))
    if policies:
        parts.append("And an option for each [policy](policies.md).")
    return "\n\n".join(part for part in parts if part)


def _metavar(argument: object) -> str:
    """As usage lines write it: brackets for what may be left out, dots for what may be repeated."""
    written = re.sub(r"\W*$", "", str(getattr(argument, "metavar", None) or getattr(argument, "name", ""))).strip("[")
    name = written.upper() + ("..." if getattr(argument, "nargs", 1) == -1 else "")
    return name if getattr(argument, "required", False) else f"[{name}]"


def _spelling(option: object) -> str:
    value = getattr(option, "metavar", None)
    names = [*getattr(option, "opts", ()), *getattr(option, "secondary_opts", ())]
    return " / ".join(code(f"{name} {value}" if value else name) for name in names)


def _help(option: object) -> str:
    text = str(getattr(option, "help", None) or "")
    choices = _choices(getattr(getattr(option, "type_descriptor", None), "annotation", None))
    if choices:
        text += f" One of {', '.join(code(choice) for choice in choices)}."
    if getattr(option, "multiple", False):
        text += " May be given several times."
    if getattr(option, "required", False):
        text += " Required."
    return text.strip()


def _choices(annotation: object) -> list[str]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(member.value) for member in annotation]
    return [str(value) for value in get_args(annotation)] if get_origin(annotation) is Literal else []
