"""Development mode's demo objects: three clients and a user, made at the first start and kept ever after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evergrant.app.demo_file import DemoFile, read_demo_file, write_demo_file
from evergrant.app.office import Office
from evergrant.core.policy import Profile
from evergrant.protocol.secret import Secret
from evergrant.server.engine.operators.clients import ClientUpdate, NewClient
from evergrant.server.engine.operators.refusals import AlreadyExists, NotFound
from evergrant.server.engine.operators.subjects import NewSubject

WEB: Final = "demo-web"
SERVICE: Final = "demo-service"
LEGACY: Final = "demo-legacy"
USERNAME: Final = "ada"
LOOPBACK_URIS: Final = ("http://127.0.0.1/callback", "http://localhost/callback")
_SCOPE: Final = "openid profile email offline_access"


@dataclass(frozen=True, slots=True)
class DemoMade:
    """`fresh`: what was made just now, with its secrets; they are shown once. `file_is_there`: demo.json is."""

    fresh: DemoFile | None
    file_is_there: bool


async def keep_demo(office: Office, data_dir: Path) -> DemoMade:
    """Make the demo objects if none of them is there; else keep them, and follow the issuer to another port."""
    if await _is_fresh(office):
        try:
            made = await _make(office)
        except AlreadyExists:
            # Another process starts at the same time and was first; it also writes the file.
            return DemoMade(None, file_is_there=True)
        write_demo_file(data_dir, made)
        return DemoMade(made, file_is_there=True)
    written = read_demo_file(data_dir)
    await _follow(office, written)
    if written is not None and written.issuer != office.issuer:
        write_demo_file(data_dir, written.at(office.issuer, web_redirect_uris(office.issuer)))
    return DemoMade(None, file_is_there=written is not None)


def web_redirect_uris(issuer: str) -> tuple[str, ...]:
    """Of demo-web: the playground on the welcome page, and whatever listens on this machine."""
    return (_home(issuer), *LOOPBACK_URIS)


async def _is_fresh(office: Office) -> bool:
    """Whether none is there. If only some are, somebody deleted the others and does not want them back."""
    if {client.id for client in await office.clients.list()} & {WEB, SERVICE, LEGACY}:
        return False
    try:
        # Asked by name: a list of all users may be millions long.
        await office.subjects.show(USERNAME)
    except NotFound:
        return True
    return False


async def _make(office: Office) -> DemoFile:
    web = NewClient(
        id=WEB,
        name="Demo web application",
        public=True,
        redirect_uris=web_redirect_uris(office.issuer),
        post_logout_redirect_uris=(_home(office.issuer),),
        scope=_SCOPE,
    )
    service = NewClient(
        id=SERVICE,
        name="Demo service",
        grant_types=("authorization_code", "client_credentials", "refresh_token"),
        redirect_uris=LOOPBACK_URIS[:1],
        scope=_SCOPE,
        roles=("service",),
    )
    legacy = NewClient(
        id=LEGACY,
        name="Demo of an old program",
        grant_types=("password", "refresh_token"),
        scope=_SCOPE,
        profile=Profile.LEGACY,
    )
    await office.clients.create(office.call, web)
    secrets: dict[str, Secret] = {}
    for wanted in (service, legacy):
        made = await office.clients.create(office.call, wanted)
        if made.secret is not None:
            secrets[made.client.id] = made.secret
    person = await office.subjects.create(
        office.call,
        NewSubject(
            USERNAME,
            roles=("reader",),
            claims={"name": "Ada", "email": "ada@example.com", "email_verified": True},
        ),
    )
    return DemoFile(office.issuer, USERNAME, person.password or Secret(""), web.redirect_uris, secrets)


async def _follow(office: Office, written: DemoFile | None) -> None:
    """The playground's address moves with the port; addresses that somebody added stay."""
    try:
        client = await office.clients.show(WEB)
    except NotFound:
        return
    home = _home(office.issuer)
    gone = {_home(written.issuer)} - {home} if written is not None else set()
    if home in client.redirect_uris and not gone & set(client.redirect_uris):
        return
    wanted = ClientUpdate(
        redirect_uris=(home, *(uri for uri in client.redirect_uris if uri not in gone | {home})),
        post_logout_redirect_uris=(
            home,
            *(uri for uri in client.post_logout_redirect_uris if uri not in gone | {home}),
        ),
    )
    await office.clients.update(office.call, WEB, wanted)


def _home(issuer: str) -> str:
    return issuer.rstrip("/") + "/"
