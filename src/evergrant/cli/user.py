"""`evergrant user …`: the people who sign in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from evergrant.cli.answers import Answer, card, listing, note
from evergrant.cli.command import command
from evergrant.cli.desk import Desk
from evergrant.cli.failures import Failure

if TYPE_CHECKING:
    from evergrant.core.facts import JsonValue
    from evergrant.protocol.secret import Secret
    from evergrant.server.engine.operators.subjects import SubjectChanged

Who = Annotated[str, typer.Argument(metavar="USERNAME")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make a password and show it once, without asking.")]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help="People who sign in.", no_args_is_help=True)
    command(group, "create")(create)
    command(group, "list")(list_users)
    command(group, "set-password")(set_password)
    command(group, "set-roles")(set_roles)
    command(group, "disable")(disable)
    command(group, "enable")(enable)
    command(group, "delete")(delete)
    app.add_typer(group, name="user")


async def create(
    desk: Desk,
    username: Who,
    role: Annotated[list[str] | None, typer.Option(help="Role in access tokens.", show_default=False)] = None,
    claim: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="OIDC claim, as name=Ada.", show_default=False)
    ] = None,
    password_stdin: PasswordStdin = False,
    generate: Generate = False,
) -> Answer:
    """Add a user. On a terminal the password is asked for; else it is made and shown once."""
    from evergrant.server.engine.operators.subjects import NewSubject

    office = await desk.office()
    wanted = NewSubject(
        username=username,
        password=_password(stdin=password_stdin, generate=generate),
        roles=tuple(role or ()),
        claims=dict(_claim(text) for text in claim or ()),
    )
    return _changed(await office.subjects.create(office.call, wanted), "added")


async def list_users(desk: Desk) -> Answer:
    """List the users."""
    from evergrant.cli import shapes

    users = await (await desk.office()).subjects.list()
    rows = [[it.username, it.id, ", ".join(it.roles), "disabled" if it.disabled else ""] for it in users]
    return listing(
        [shapes.user(it) for it in users], ("user", "subject", "roles", ""), rows, empty="There is no user yet."
    )


async def set_password(
    desk: Desk, username: Who, password_stdin: PasswordStdin = False, generate: Generate = False
) -> Answer:
    """Change a password. Sign-ins end; grants end as the policies say."""
    office = await desk.office()
    await office.subjects.show(username)  # before a password is asked for in vain
    password = _password(stdin=password_stdin, generate=generate)
    return _changed(await office.subjects.set_password(office.call, username, password), "given a new password")


async def set_roles(
    desk: Desk,
    username: Who,
    roles: Annotated[list[str] | None, typer.Argument(metavar="[ROLE]...", show_default=False)] = None,
) -> Answer:
    """Set a user's roles, or take all away. They are in the next access token."""
    office = await desk.office()
    return _changed(await office.subjects.set_roles(office.call, username, tuple(roles or ())), "given these roles")


async def disable(desk: Desk, username: Who) -> Answer:
    """Refuse a user everywhere; grants end as the policies say."""
    office = await desk.office()
    return _changed(await office.subjects.disable(office.call, username), "disabled")


async def enable(desk: Desk, username: Who) -> Answer:
    """Let a disabled user in again. Grants that ended stay ended."""
    office = await desk.office()
    return _changed(await office.subjects.enable(office.call, username), "enabled")


async def delete(desk: Desk, username: Who) -> Answer:
    """Delete a user with sign-ins, consents and grants."""
    office = await desk.office()
    ended = await office.subjects.delete(office.call, username)
    return note(
        {"username": username, "deleted": True, "grants_ended": ended},
        f"User {username} deleted; {ended} grants ended.",
    )


def _password(*, stdin: bool, generate: bool) -> Secret | None:
    """The password that was given; None: one is to be made."""
    from evergrant.protocol.secret import Secret

    if stdin and generate:
        raise Failure("a password cannot be read and made at once", "Use --password-stdin or --generate.", exit_code=2)
    if stdin:
        # Its line end belongs to the shell, spaces may belong to the password.
        return Secret(sys.stdin.readline().removesuffix("\n").removesuffix("\r"))
    if generate or not sys.stdin.isatty():
        return None
    return Secret(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _claim(text: str) -> tuple[str, JsonValue]:
    """`name=Ada`; true, false and numbers only where JSON says so and the claim is no text."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Failure(f"--claim {text} is not NAME=VALUE", "Write --claim name=Ada.", exit_code=2)
    return name, value == "true" if value in ("true", "false") else value


def _changed(changed: SubjectChanged, what: str) -> Answer:
    from evergrant.cli import shapes

    it = changed.subject
    data = shapes.user(it) | {"grants_ended": changed.grants_ended}
    pairs = [("user", it.username), ("subject", it.id), ("roles", ", ".join(it.roles))]
    after = [f"User {what}." + (f" {changed.grants_ended} grants ended." if changed.grants_ended else "")]
    if changed.password is not None:
        data["password"] = changed.password.reveal()
        pairs.append(("password", changed.password.reveal()))
        after.append("The password is shown only now.")
    return card(data, pairs, *after)
