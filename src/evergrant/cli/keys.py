"""`evergrant keys …`: the keys that sign tokens."""

from __future__ import annotations

import typer

from evergrant.cli.answers import Answer, listing
from evergrant.cli.command import command
from evergrant.cli.desk import Desk


def add(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help="Keys that sign tokens.", no_args_is_help=True)
    command(group, "list")(list_keys)
    command(group, "rotate")(rotate)
    app.add_typer(group, name="keys")


async def list_keys(desk: Desk) -> Answer:
    """List the signing keys, oldest first."""
    from evergrant.cli import shapes

    listed = await (await desk.office()).keys.listing()
    rows = [
        [it.key.kid, it.key.alg, it.status, shapes.moment(it.key.active_from), shapes.moment(it.key.removed_at)]
        for it in listed
    ]
    columns = ("key", "algorithm", "status", "signs from", "published until")
    return listing([shapes.key(it) for it in listed], columns, rows, empty="There is no key yet.")


async def rotate(desk: Desk) -> Answer:
    """Sign with new keys at once, as after a leak. Keys change on schedule by themselves."""
    office = await desk.office()
    await office.keys.rotate(office.call)
    return await list_keys(desk)
