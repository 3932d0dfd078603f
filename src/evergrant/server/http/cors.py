"""Cross-origin requests without credentials, for the endpoints that browsers' programs call. S-017, RFC 10017."""

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from evergrant.core.facts import Client
from evergrant.core.reasons import Reason
from evergrant.protocol.errors import UnauthorizedClient

_HEADERS: Final = "Authorization, Content-Type, DPoP, MCP-Protocol-Version"
_EXPOSED: Final = "WWW-Authenticate, DPoP-Nonce, Retry-After, X-Correlation-Id"


def preflight(methods: tuple[str, ...]) -> Response:
    """The answer to OPTIONS."""
    allowed = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": _HEADERS,
        "Access-Control-Max-Age": "7200",
    }
    return Response(status_code=204, headers=allowed)


def allow(request: Request, response: Response) -> Response:
    """Lets the asking page read the answer; an opaque origin (`null`) is nobody and may not."""
    response.headers["Vary"] = "Origin"
    if request.headers.get("origin", "null") != "null":
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    return response


def check_origin(request: Request, client: Client) -> None:
    """A client that registered origins is served from those and from its redirect URIs' origins only.

    Raises UnauthorizedClient before anything is spent.
    """
    origin = request.headers.get("origin")
    if origin is None or not client.allowed_origins:
        return
    own = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, client.redirect_uris)}
    if origin not in client.allowed_origins and origin not in own:
        raise UnauthorizedClient("This client is not registered for this origin.", reason=Reason.WRONG_METHOD)
