"""`evergrant resource …`: APIs that tokens are for. RFC 8707."""

from __future__ import annotations

from typing import Annotated

import typer

from evergrant.cli.answers import Answer, card, listing, note
from evergrant.cli.command import command
from evergrant.cli.desk import Desk
from evergrant.cli.failures import USAGE, Failure

Identifier = Annotated[str, typer.Argument(metavar="IDENTIFIER")]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help="APIs that tokens are for.", no_args_is_help=True)
    command(group, "create")(create)
    command(group, "list")(list_resources)
    command(group, "show")(show)
    command(group, "delete")(delete)
    app.add_typer(group, name="resource")


async def create(
    desk: Desk,
    identifier: Annotated[str, typer.Argument(metavar="IDENTIFIER", help="Its URI: the audience of its tokens.")],
    name: Annotated[str | None, typer.Option(help="Shown to people at consent.", show_default=False)] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=SENTENCE", help='As "things:read=Read your things".', show_default=False),
    ] = None,
    access_token_lifetime: Annotated[
        str | None, typer.Option(help="Such as 5m; default: the policy's.", show_default=False)
    ] = None,
    introspection_client: Annotated[
        str | None, typer.Option(help="Client that may introspect its tokens.", show_default=False)
    ] = None,
) -> Answer:
    """Register an API."""
    from evergrant.cli import shapes
    from evergrant.server.engine.operators.resources import NewResource

    office = await desk.office()
    wanted = NewResource(
        identifier=identifier,
        name=name,
        scopes=dict(_scope(text) for text in scope or ()),
        access_token_lifetime=_lifetime(access_token_lifetime),
        introspection_client=introspection_client,
    )
    data = shapes.resource(await office.resources.create(office.call, wanted))
    return card(data, shapes.pairs(data), "Resource registered.")


async def list_resources(desk: Desk) -> Answer:
    """List the APIs."""
    from evergrant.cli import shapes

    found = await (await desk.office()).resources.list()
    rows = [[it.identifier, it.name, " ".join(it.scopes)] for it in found]
    columns = ("resource", "name", "scopes")
    return listing([shapes.resource(it) for it in found], columns, rows, empty="There is no resource yet.")


async def show(desk: Desk, identifier: Identifier) -> Answer:
    """Show an API."""
    from evergrant.cli import shapes

    data = shapes.resource(await (await desk.office()).resources.show(identifier))
    return card(data, shapes.pairs(data))


async def delete(desk: Desk, identifier: Identifier) -> Answer:
    """Delete an API. No new token is issued for it."""
    office = await desk.office()
    await office.resources.delete(office.call, identifier)
    return note({"identifier": identifier, "deleted": True}, f"Resource {identifier} deleted.")


def _scope(text: str) -> tuple[str, str]:
    name, equals, sentence = text.partition("=")
    if not name or not equals or not sentence.strip():
        remedy = 'Write --scope "things:read=Read your things": people see the sentence at consent.'
        raise Failure(f"--scope {text} is not NAME=SENTENCE", remedy, exit_code=USAGE)
    return name, sentence.strip()


def _lifetime(text: str | None) -> int | None:
    from evergrant.app.durations import parse_duration

    try:
        return None if text is None else parse_duration(text)
    except ValueError as problem:
        raise Failure(f"--access-token-lifetime {problem}", exit_code=USAGE) from None
