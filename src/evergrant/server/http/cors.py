"""Cross-origin requests without credentials, for the endpoints that browsers' programs call. S-017, RFC 10017."""

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from evergrant.core.facts import Client
from evergrant.core.reasons import Reason
from evergrant.protocol.errors import UnauthorizedClient
from evergrant.server.http.reading import headers

# Swagger UI, the documentation of most APIs, sends the last one when it redeems a code.
_HEADERS: Final = "Authorization, Content-Type, DPoP, MCP-Protocol-Version, X-Requested-With"
_EXPOSED: Final = b"WWW-Authenticate, DPoP-Nonce, Retry-After, X-Correlation-Id"
_VARY: Final = (b"vary", b"Origin")
_READABLE: Final = ((b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", _EXPOSED))


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
    response.raw_headers.append(_VARY)
    if headers(request).get(b"origin", b"null") != b"null":
        # A preflight's answer says it already, and twice is none to a browser.
        response.raw_headers += [line for line in _READABLE if line not in response.raw_headers]
    return response


def check_origin(request: Request, client: Client) -> None:
    """A client that registered origins is served from those and from its redirect URIs' origins only.

    Raises UnauthorizedClient before anything is spent.
    """
    sent = headers(request).get(b"origin")
    if sent is None or not client.allowed_origins:
        return
    origin = sent.decode("latin-1")
    own = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, client.redirect_uris)}
    if origin not in client.allowed_origins and origin not in own:
        raise UnauthorizedClient("This client is not registered for this origin.", reason=Reason.WRONG_METHOD)
