"""`/`: in development mode what runs here and a playground, in production who this is."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from evergrant import __version__
from evergrant.protocol.values import ClientId
from evergrant.server.http.reading import issuer
from evergrant.server.http.showing import show
from evergrant.server.issuer import Issuer
from evergrant.server.pages.views import HomeView, WelcomeView
from evergrant.server.welcome import Welcome

PLAYGROUND_CLIENT: Final = ClientId("demo-web")
DEMO_CLIENTS: Final = (
    ("demo-web", "public, authorization code with PKCE, refresh; the playground above"),
    ("demo-service", "confidential, client credentials, authorization code, refresh; its secret is in demo.json"),
    ("demo-legacy", "confidential, password grant, refresh; its secret is in demo.json"),
)
ENDPOINTS: Final = (
    ("Discovery", "/.well-known/openid-configuration"),
    ("Authorization", "/authorize"),
    ("Token", "/token"),
    ("Keys", "/jwks"),
    ("User info", "/userinfo"),
    ("Revocation", "/revoke"),
    ("Introspection", "/introspect"),
    ("Logout", "/logout"),
)
NEXT: Final = (
    ("evergrant try", "walks the whole loop: sign in, call an API, refresh, retry, replay"),
    ("evergrant client create", "registers your own application"),
    ("evergrant explain ID", "tells why a request was refused, by the id in its answer"),
    ("evergrant doctor", "checks the configuration"),
)


async def endpoint(request: Request) -> Response:
    """The first page."""
    here = issuer(request)
    if here.welcome is None:
        return show(here.pages.home(HomeView(here.title, here.url)))
    return show(here.pages.welcome(await _view(here, here.welcome)))


async def _view(here: Issuer, told: Welcome) -> WelcomeView:
    base = here.url.rstrip("/")
    demo = await here.catalog.client(PLAYGROUND_CLIENT)
    return WelcomeView(
        version=__version__,
        issuer=here.url,
        database=told.database,
        keys=[f"{key.alg} {key.kid}" for key in await here.keyring.published()],
        demo_clients=[line for line in DEMO_CLIENTS if await here.catalog.client(ClientId(line[0])) is not None],
        demo_username=told.demo_username,
        playground=demo is not None and here.playground is not None and f"{base}/" in demo.redirect_uris,
        endpoints=[(name, base + path) for name, path in ENDPOINTS],
        next_commands=NEXT,
        client_id=PLAYGROUND_CLIENT,
        scope="" if demo is None else str(demo.scope),
        post_logout_uri=None if demo is None else next(iter(demo.post_logout_redirect_uris), None),
    )
