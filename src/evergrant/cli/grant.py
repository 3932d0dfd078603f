"""`evergrant grant …`: who allowed what to whom, and how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from evergrant.cli.answers import Answer, card, listing
from evergrant.cli.command import command
from evergrant.cli.desk import Desk

if TYPE_CHECKING:
    from evergrant.app.office import Office
    from evergrant.protocol.values import SubjectId

GrantArgument = Annotated[str, typer.Argument(metavar="GRANT", help="32 hexadecimal digits: `gid` in access tokens.")]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help="What people allowed to applications.", no_args_is_help=True)
    command(group, "list")(list_grants)
    command(group, "show")(show)
    command(group, "revoke")(revoke)
    app.add_typer(group, name="grant")


async def list_grants(
    desk: Desk,
    user: Annotated[str | None, typer.Option(help="Of this user only.", show_default=False)] = None,
    client: Annotated[str | None, typer.Option(help="Of this client only.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most, newest first.")] = 100,
) -> Answer:
    """List grants, newest first."""
    from evergrant.cli import shapes
    from evergrant.protocol.values import grant_id_text

    office = await desk.office()
    subject = None if user is None else (await office.subjects.show(user)).id
    grants = await office.grants.list(subject=subject, client_id=client, limit=limit)
    names = await _names(office, {it.subject for it in grants})
    rows = [
        [
            grant_id_text(it.id),
            it.client_id,
            names.get(it.subject, it.subject),
            it.state.value,
            str(it.generation),
            str(it.scope),
            shapes.moment(it.renewed_at),
        ]
        for it in grants
    ]
    columns = ("grant", "client", "user", "state", "generation", "scope", "renewed")
    return listing([shapes.grant(it) for it in grants], columns, rows, empty="There is no grant.")


async def _names(office: Office, subjects: set[SubjectId]) -> dict[SubjectId, str]:
    """The user names of those who are still there. Asked one by one: a list of all users may be millions long."""
    from evergrant.server.engine.operators.refusals import NotFound

    names = {}
    for subject in subjects:
        try:
            names[subject] = (await office.subjects.show(subject)).username
        except NotFound:
            continue
    return names


async def show(desk: Desk, grant: GrantArgument) -> Answer:
    """Show a grant and what happened to it."""
    from evergrant.cli import shapes

    shown = await (await desk.office()).grants.show(grant)
    data = shapes.grant(shown.facts.grant)
    told = [
        f"{shapes.moment(it.at)}  {it.kind.value}{f' ({it.reason})' if it.reason else ''}  {it.correlation_id}"
        for it in reversed(shown.events)
    ]
    return card(data | {"events": [shapes.event(it) for it in shown.events]}, shapes.pairs(data), "", *told)


async def revoke(desk: Desk, grant: GrantArgument) -> Answer:
    """End a grant at once."""
    from evergrant.cli import shapes

    office = await desk.office()
    data = shapes.grant(await office.grants.revoke(office.call, grant))
    wanted = ("grant", "client_id", "subject", "state", "revoked_at", "revoked_reason")
    return card(data, shapes.pairs({name: data[name] for name in wanted}), "The grant has ended.")
