"""Reads a request into values: the form, the query, the call, the issuer. Bounded in size and time."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from evergrant.protocol.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType
from evergrant.protocol.forms import MAX_BYTES, Form
from evergrant.protocol.forms import read_form as parse_form
from evergrant.protocol.forms import read_query as parse_query
from evergrant.server.call import Call
from evergrant.server.issuer import Issuer
from evergrant.server.serving import Serving

BODY_SECONDS: Final = 15
_LATE: Final = "the body is late"
_TOO_LARGE: Final = "The body is larger than 64 KiB."


async def read_form(request: Request) -> Form:
    """The form in the body. Raises PayloadTooLarge, UnsupportedMediaType, InvalidRequest."""
    sent = headers(request)
    if b"content-encoding" in sent:
        raise UnsupportedMediaType("The body must not be compressed.")
    declared = sent.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > MAX_BYTES:
        raise PayloadTooLarge(_TOO_LARGE)
    body = await _in_time(_body(request.receive))
    media_type = sent.get(b"content-type")
    return parse_form(body, None if media_type is None else media_type.decode("latin-1"))


async def _in_time(arriving: Coroutine[None, None, bytes]) -> bytes:
    """What `asyncio.timeout` does, at a third of its price: that was a twentieth of what a refresh may cost."""
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a body arrives in a task")
    timer = asyncio.get_running_loop().call_later(BODY_SECONDS, task.cancel, _LATE)
    try:
        return await arriving
    except asyncio.CancelledError as cancelled:
        # Somebody else's cancellation goes on, also one that came together with ours.
        if _LATE not in cancelled.args or task.uncancel() > 0:
            raise
        raise InvalidRequest("The body did not arrive in time.") from None
    finally:
        timer.cancel()


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        # Most bodies come in one piece, which is not copied.
        body = body + chunk if body else chunk
        if len(body) > MAX_BYTES:
            raise PayloadTooLarge(_TOO_LARGE)
        if not message.get("more_body", False):
            return body


def headers(request: Request) -> Mapping[bytes, bytes]:
    """The first of each header, by lower-case name: read once a request, at the entry."""
    found: Mapping[bytes, bytes] = request.scope["evergrant.headers"]
    return found


def authorization(request: Request) -> str | None:
    """The Authorization header. Raises InvalidRequest if it came twice: a proxy may have believed the other one."""
    sent = headers(request)
    shown = sent.get(b"authorization")
    if shown is None:
        return None
    everything = request.scope["headers"]
    if len(everything) != len(sent) and [name for name, _ in everything].count(b"authorization") > 1:
        raise InvalidRequest("Send the Authorization header once.")
    return shown.decode("latin-1")


def read_query(request: Request) -> Form:
    """The query's parameters. Raises InvalidRequest."""
    query: bytes = request.scope["query_string"]
    return parse_query(query)


def call(request: Request) -> Call:
    """This request as the engine sees it."""
    found: Call = request.scope["evergrant.call"]
    return found


def serving(request: Request) -> Serving:
    """The server that this request came in by."""
    found: Serving = request.scope["evergrant.serving"]
    return found


def issuer(request: Request) -> Issuer:
    """The realm this request is for, found by the door from the path."""
    found: Issuer = request.scope["evergrant.issuer"]
    return found
