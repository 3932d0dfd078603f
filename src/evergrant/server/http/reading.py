"""Reads a request into values: the form, the query, the call, the issuer. Bounded in size and time."""

import asyncio
from typing import Final, cast

from starlette.requests import Request

from evergrant.protocol.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType
from evergrant.protocol.forms import MAX_BYTES, Form
from evergrant.protocol.forms import read_form as parse_form
from evergrant.protocol.forms import read_query as parse_query
from evergrant.server.call import Call
from evergrant.server.issuer import Issuer
from evergrant.server.serving import Serving

BODY_SECONDS: Final = 15
_TOO_LARGE: Final = "The body is larger than 64 KiB."


async def read_form(request: Request) -> Form:
    """The form in the body. Raises PayloadTooLarge, UnsupportedMediaType, InvalidRequest."""
    if "content-encoding" in request.headers:
        raise UnsupportedMediaType("The body must not be compressed.")
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > MAX_BYTES:
        raise PayloadTooLarge(_TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise PayloadTooLarge(_TOO_LARGE)
    except TimeoutError:
        raise InvalidRequest("The body did not arrive in time.") from None
    return parse_form(bytes(body), request.headers.get("content-type"))


def authorization(request: Request) -> str | None:
    """The Authorization header. Raises InvalidRequest if it came twice: a proxy may have believed the other one."""
    shown = request.headers.getlist("authorization")
    if len(shown) > 1:
        raise InvalidRequest("Send the Authorization header once.")
    return shown[0] if shown else None


def read_query(request: Request) -> Form:
    """The query's parameters. Raises InvalidRequest."""
    return parse_query(cast(bytes, request.scope["query_string"]))


def call(request: Request) -> Call:
    """This request as the engine sees it."""
    return cast(Call, request.scope["evergrant.call"])


def serving(request: Request) -> Serving:
    """The server that this request came in by."""
    return cast(Serving, request.scope["evergrant.serving"])


def issuer(request: Request) -> Issuer:
    """The realm this request is for, found by the door from the path."""
    return cast(Issuer, request.scope["evergrant.issuer"])
