"""`evergrant realm …`: tenants, each an issuer of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from evergrant.cli.answers import Answer, card, listing
from evergrant.cli.command import command, command_with_policies
from evergrant.cli.desk import Desk


def add(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help="Tenants, each an issuer of its own.", no_args_is_help=True)
    command_with_policies(group, "create")(create)
    command(group, "list")(list_realms)
    app.add_typer(group, name="realm")


async def create(
    desk: Desk,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Part of its URL.")],
    *,
    policies: Mapping[str, str],
) -> Answer:
    """Create a realm with keys of its own, at /realms/NAME."""
    from evergrant.app.policies import read_policies
    from evergrant.cli import shapes

    office = await desk.office()
    realm = await office.realms.create(office.call, name, read_policies(policies))
    await office.keys_of(realm).ensure(office.call)
    data = shapes.realm(realm, office.issuer_of(realm.name))
    return card(data, shapes.pairs(data), "Realm created. Name it with --realm in other commands.")


async def list_realms(desk: Desk) -> Answer:
    """List the realms."""
    from evergrant.cli import shapes

    office = await desk.office()
    data = [shapes.realm(it, office.issuer_of(it.name)) for it in await office.realms.list()]
    rows = [[str(it["name"]), str(it["issuer"]), _words(it["policy"])] for it in data]
    return listing(list(data), ("realm", "issuer", "policy"), rows, empty="There is no realm yet.")


def _words(policy: object) -> str:
    return ", ".join(f"{name}={value}" for name, value in policy.items()) if isinstance(policy, dict) else ""
