"""`evergrant client …`: registered applications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from evergrant.cli.answers import Answer, card, listing, note
from evergrant.cli.command import command, command_with_policies
from evergrant.cli.desk import Desk
from evergrant.core.policy import Profile

if TYPE_CHECKING:
    from evergrant.core.policy import PolicyValue
    from evergrant.server.engine.operators.clients import ClientChanged

DEFAULT: Final = "default"
"""As the value of a policy: what the realm or the profile says."""

Alg = Literal["RS256", "ES256"]
Method = Literal["none", "client_secret_basic", "client_secret_post"]

ClientArgument = Annotated[str, typer.Argument(metavar="CLIENT_ID")]
Name = Annotated[str | None, typer.Option(help="Shown to people at consent.", show_default=False)]
RedirectUri = Annotated[
    list[str] | None, typer.Option(help="Where codes are sent; compared exactly.", show_default=False)
]
GrantType = Annotated[
    list[str] | None,
    typer.Option(help="authorization_code, refresh_token, client_credentials or password.", show_default=False),
]
ScopeOption = Annotated[list[str] | None, typer.Option(help="What it may ask for at most.", show_default=False)]
ProfileOption = Annotated[Profile | None, typer.Option(help="Set of defaults.", show_default=False)]
Audience = Annotated[list[str] | None, typer.Option(help="Resources it may ask tokens for.", show_default=False)]
PostLogout = Annotated[list[str] | None, typer.Option(help="Where people may go after logout.", show_default=False)]
Origin = Annotated[list[str] | None, typer.Option(help="Origin of a browser application (CORS).", show_default=False)]
Role = Annotated[list[str] | None, typer.Option(help="Role in its own tokens.", show_default=False)]
FirstParty = Annotated[
    bool | None, typer.Option("--first-party/--third-party", help="Skip consent.", show_default=False)
]
RequirePkce = Annotated[
    bool | None,
    typer.Option("--pkce/--no-pkce", help="Require PKCE; only a confidential one can do without.", show_default=False),
]
AuthMethod = Annotated[Method | None, typer.Option(help="How it authenticates.", show_default=False)]
StrictAuth = Annotated[bool | None, typer.Option(help="Only by that method.", show_default=False)]
IdTokenAlg = Annotated[Alg | None, typer.Option(help="Signature of ID tokens.", show_default=False)]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(help="Applications that may ask for tokens.", no_args_is_help=True)
    command_with_policies(group, "create")(create)
    command(group, "list")(list_clients)
    command(group, "show")(show)
    command_with_policies(group, "update")(update)
    command(group, "disable")(disable)
    command(group, "enable")(enable)
    command(group, "rotate-secret")(rotate_secret)
    command(group, "delete")(delete)
    app.add_typer(group, name="client")


async def create(
    desk: Desk,
    client_id: Annotated[str | None, typer.Argument(metavar="[CLIENT_ID]", show_default=False)] = None,
    public: Annotated[bool, typer.Option("--public", help="It can keep no secret: browser, mobile, desktop.")] = False,
    name: Name = None,
    redirect_uri: RedirectUri = None,
    grant: GrantType = None,
    scope: ScopeOption = None,
    profile: ProfileOption = None,
    audience: Audience = None,
    post_logout_redirect_uri: PostLogout = None,
    origin: Origin = None,
    role: Role = None,
    first_party: FirstParty = None,
    pkce: RequirePkce = None,
    auth_method: AuthMethod = None,
    strict_auth: StrictAuth = None,
    id_token_alg: IdTokenAlg = None,
    *,
    policies: Mapping[str, str],
) -> Answer:
    """Register a client. The secret of a confidential one is shown once."""
    from evergrant.app.policies import read_policies
    from evergrant.server.engine.operators.clients import NewClient

    office = await desk.office()
    grants = tuple(grant) if grant else ("authorization_code", "refresh_token")
    changed = await office.clients.create(
        office.call,
        NewClient(
            id=client_id,
            name=name,
            public=public,
            auth_method=auth_method,
            strict_auth=bool(strict_auth),
            grant_types=grants,
            redirect_uris=_texts(redirect_uri),
            post_logout_redirect_uris=_texts(post_logout_redirect_uri),
            allowed_origins=_texts(origin),
            scope=" ".join(scope) if scope is not None else _usual_scope(grants),
            audiences=_texts(audience),
            roles=_texts(role),
            profile=profile or Profile.OAUTH21,
            policy=read_policies(policies),
            first_party=bool(first_party),
            require_pkce=pkce is not False,
            id_token_alg=id_token_alg or "RS256",
        ),
    )
    return _changed(changed, "registered")


async def list_clients(desk: Desk) -> Answer:
    """List the clients."""
    from evergrant.cli import shapes

    clients = await (await desk.office()).clients.list()
    rows = [
        [
            it.id,
            it.name,
            "public" if it.public else "confidential",
            ", ".join(sorted(it.grant_types)),
            it.profile.value,
            "disabled" if it.disabled else "",
        ]
        for it in clients
    ]
    columns = ("client", "name", "kind", "grants", "profile", "")
    return listing([shapes.client(it) for it in clients], columns, rows, empty="There is no client yet.")


async def show(desk: Desk, client_id: ClientArgument) -> Answer:
    """Show a client."""
    from evergrant.cli import shapes

    data = shapes.client(await (await desk.office()).clients.show(client_id))
    return card(data, shapes.pairs(data))


async def update(
    desk: Desk,
    client_id: ClientArgument,
    name: Name = None,
    redirect_uri: RedirectUri = None,
    grant: GrantType = None,
    scope: ScopeOption = None,
    profile: ProfileOption = None,
    audience: Audience = None,
    post_logout_redirect_uri: PostLogout = None,
    origin: Origin = None,
    role: Role = None,
    first_party: FirstParty = None,
    pkce: RequirePkce = None,
    auth_method: AuthMethod = None,
    strict_auth: StrictAuth = None,
    id_token_alg: IdTokenAlg = None,
    *,
    policies: Mapping[str, str],
) -> Answer:
    """Change a client. What is given replaces what there was; '' empties a list; `default` takes a policy back."""
    from evergrant.server.engine.operators.clients import ClientUpdate

    office = await desk.office()
    wanted = ClientUpdate(
        name=name,
        auth_method=auth_method,
        strict_auth=strict_auth,
        grant_types=_replaced(grant),
        redirect_uris=_replaced(redirect_uri),
        post_logout_redirect_uris=_replaced(post_logout_redirect_uri),
        allowed_origins=_replaced(origin),
        scope=None if scope is None else " ".join(scope),
        audiences=_replaced(audience),
        roles=_replaced(role),
        profile=profile,
        policy=_policy_changes(policies),
        first_party=first_party,
        require_pkce=pkce,
        id_token_alg=id_token_alg,
    )
    return _changed(await office.clients.update(office.call, client_id, wanted), "changed")


async def disable(desk: Desk, client_id: ClientArgument) -> Answer:
    """Refuse a client everywhere; its grants end as its policy says."""
    office = await desk.office()
    return _changed(await office.clients.disable(office.call, client_id), "disabled")


async def enable(desk: Desk, client_id: ClientArgument) -> Answer:
    """Let a disabled client work again. Grants that ended stay ended."""
    office = await desk.office()
    return _changed(await office.clients.enable(office.call, client_id), "enabled")


async def rotate_secret(desk: Desk, client_id: ClientArgument) -> Answer:
    """Give a client a new secret, shown once. The old one is refused at once."""
    office = await desk.office()
    return _changed(await office.clients.rotate_secret(office.call, client_id), "given a new secret")


async def delete(desk: Desk, client_id: ClientArgument) -> Answer:
    """Delete a client, its consents and its grants."""
    office = await desk.office()
    ended = await office.clients.delete(office.call, client_id)
    return note(
        {"client_id": client_id, "deleted": True, "grants_ended": ended},
        f"Client {client_id} deleted; {ended} grants ended.",
    )


def _changed(changed: ClientChanged, what: str) -> Answer:
    from evergrant.cli import shapes

    data = shapes.client(changed.client) | {"grants_ended": changed.grants_ended}
    pairs = [("client", str(changed.client.id))]
    after = [f"Client {what}." + (f" {changed.grants_ended} grants ended." if changed.grants_ended else "")]
    if changed.secret is not None:
        data["client_secret"] = changed.secret.reveal()
        pairs.append(("secret", changed.secret.reveal()))
        after.append("The secret is shown only now.")
    return card(data, pairs, *after)


def _usual_scope(grants: tuple[str, ...]) -> str:
    """What an application that signs people in asks for."""
    if not {"authorization_code", "password"} & set(grants):
        return ""
    return "openid profile email" + (" offline_access" if "refresh_token" in grants else "")


def _texts(given: list[str] | None) -> tuple[str, ...]:
    return tuple(given or ())


def _replaced(given: list[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(text for text in given if text)


def _policy_changes(policies: Mapping[str, str]) -> dict[str, PolicyValue | None]:
    from evergrant.app.policies import read_policies

    set_now = read_policies({name: value for name, value in policies.items() if value != DEFAULT})
    return {**set_now, **{name: None for name, value in policies.items() if value == DEFAULT}}
