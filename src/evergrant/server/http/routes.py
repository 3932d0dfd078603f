"""The table of routes: each endpoint once for the default realm at the root, once for `/realms/{realm}`."""

from starlette.requests import Request
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from evergrant.server.http import (
    authorize,
    consent,
    discovery,
    health,
    introspect,
    jwks,
    logout,
    metrics,
    playground,
    revoke,
    sign_in,
    static,
    token,
    userinfo,
    welcome,
)
from evergrant.server.http.answering import error_answer
from evergrant.server.http.door import Door, Endpoint, NotHere
from evergrant.server.http.reading import call

GET, POST = ("GET",), ("POST",)
BOTH = ("GET", "POST")

_DISCOVERY = Door("discovery", discovery.endpoint, GET, cross_origin=True)
_WELL_KNOWN = ("openid-configuration", "oauth-authorization-server")


def _page(name: str, endpoint: Endpoint, methods: tuple[str, ...]) -> Door:
    return Door(name, endpoint, methods, shape="page")


OF_A_REALM: tuple[tuple[str, Door], ...] = (
    ("/authorize", _page("authorize", authorize.endpoint, BOTH)),
    ("/authorize/continue", _page("authorize_continue", authorize.resume, GET)),
    ("/sign-in", _page("sign_in", sign_in.endpoint, POST)),
    ("/consent", _page("consent", consent.endpoint, POST)),
    ("/logout", _page("logout", logout.endpoint, BOTH)),
    ("/logout/confirm", _page("logout_confirm", logout.confirm, POST)),
    ("/token", Door("token", token.endpoint, POST, cross_origin=True)),
    ("/revoke", Door("revoke", revoke.endpoint, POST, cross_origin=True)),
    ("/introspect", Door("introspect", introspect.endpoint, POST)),
    ("/userinfo", Door("userinfo", userinfo.endpoint, BOTH, cross_origin=True)),
    ("/jwks", Door("jwks", jwks.endpoint, GET, cross_origin=True)),
    ("/playground/grant", Door("playground", playground.endpoint, GET)),
    ("/", _page("welcome", welcome.endpoint, GET)),
    *((f"/.well-known/{name}", _DISCOVERY) for name in _WELL_KNOWN),
)
OF_THE_SERVER: tuple[tuple[str, Door], ...] = (
    ("/healthz", Door("healthz", health.healthz, GET, realm=False)),
    ("/readyz", Door("readyz", health.readyz, GET, realm=False)),
    ("/metrics", Door("metrics", metrics.endpoint, GET, realm=False)),
    ("/static/{path:path}", Door("static", static.endpoint, GET, realm=False)),
    # RFC 8414 §3.1 inserts the well-known part before an issuer's path.
    *((f"/.well-known/{name}/realms/{{realm}}", _DISCOVERY) for name in _WELL_KNOWN),
)


def router() -> ASGIApp:
    """All routes. No redirects for a missing or extra slash: a URL is what it is."""
    here = [Route(path, door) for path, door in OF_A_REALM]
    of_realms = Router(here, redirect_slashes=False, default=nowhere)
    everything = Router(
        [*(Route(path, door) for path, door in OF_THE_SERVER), *here, Mount("/realms/{realm}", of_realms)],
        redirect_slashes=False,
        default=nowhere,
    )
    return _ByPath(everything)


class _ByPath:
    """Doors by their path, in front of a router that tries one pattern after the other (ADR 0020)."""

    def __init__(self, router: ASGIApp) -> None:
        self._router = router
        self._of_a_realm = dict(OF_A_REALM)
        self._at_the_root = {path: door for path, door in (*OF_THE_SERVER, *OF_A_REALM) if "{" not in path}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        door = self._at_the_root.get(path)
        if door is None and path.startswith("/realms/"):
            name, slash, rest = path[len("/realms/") :].partition("/")
            door = self._of_a_realm.get(slash + rest) if name else None
            if door is not None:
                scope["path_params"] = {**scope.get("path_params", {}), "realm": name}
        await (self._router if door is None else door)(scope, receive, send)


async def nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    """A path that leads nowhere, whatever the method: the same form of error as everywhere."""
    error = NotHere("There is nothing here.")
    await error_answer(error, call(Request(scope)).correlation_id, realm="evergrant")(scope, receive, send)
