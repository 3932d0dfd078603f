"""Protects any ASGI application, without any framework.

    from evergrant.resource import Guard, Resource, require
    from evergrant.resource.asgi import ProtectMiddleware, access_token

    guard = Guard(Resource("https://notes.example/api", issuer="https://login.example.com"))

    async def notes(scope, receive, send):
        subject = access_token(scope).subject
        ...

    app = ProtectMiddleware(notes, guard, needs=require("notes:read"), open_paths=["/health"])

The application finds the token in the scope of the request; `access_token` reads it there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from typing import Any, Final

from evergrant.resource.access_token import AccessToken
from evergrant.resource.guard import Guard
from evergrant.resource.refusals import Answer, Refused
from evergrant.resource.requirements import ANY_TOKEN, Requirement

__all__ = ["KEY", "MetadataDocument", "ProtectMiddleware", "access_token"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

KEY: Final = "evergrant.access_token"
"""Where in the scope the token of a request is."""

_POLICY_VIOLATION: Final = 1008


def access_token(scope: Scope) -> AccessToken:
    """The token of a request that was let in. Raises RuntimeError if nothing guards this application."""
    token = scope.get(KEY)
    if not isinstance(token, AccessToken):
        raise RuntimeError("No access token was checked for this request: it did not come through a guard.")
    return token


def authorization(scope: Scope) -> list[str]:
    """Every `Authorization` header of the request."""
    return list(_values(scope, b"authorization"))


class ProtectMiddleware:
    """Lets requests to `app` in that show an access token with what `needs` says, and refuses the others.

    It answers the API's own document (RFC 9728) itself. To everybody open are the paths of `open_paths`, compared
    whole, and preflights of browsers (CORS): they cannot carry a token, and `app` has to answer them without one. A
    WebSocket is judged by the headers of its handshake.
    """

    def __init__(
        self, app: App, guard: Guard, *, needs: Requirement = ANY_TOKEN, open_paths: Collection[str] = ()
    ) -> None:
        if isinstance(open_paths, str):
            raise TypeError("open_paths is a list of paths")
        self._app = app
        self._guard = guard
        self._needs = needs
        self._open_paths = frozenset(open_paths)
        self._document = MetadataDocument(guard)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http" and self._document.is_at(scope):
            await self._document(scope, receive, send)
        elif _path(scope) in self._open_paths or _is_preflight(scope):
            await self._app(scope, receive, send)
        else:
            await self._judged(scope, receive, send)

    async def _judged(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            token = await self._guard.admit_async(authorization(scope), self._needs)
        except Refused as refused:
            answer = self._guard.refuse(refused)
        else:
            await self._app({**scope, KEY: token}, receive, send)
            return
        if scope["type"] == "websocket":
            await _close(answer, scope, receive, send)
        else:
            await _answer(answer, "http.response", send)


class MetadataDocument:
    """Answers the API's own document to anybody (RFC 9728 §3.2): an application for one route."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def is_at(self, scope: Scope) -> bool:
        """Whether the request is for the document: its path is from the root of the host, whatever is mounted where."""
        path, _, query = (self._guard.resource.metadata_path or "").partition("?")
        # An identifier with a query has its document at the address with that query.
        asked = scope.get("query_string", b"") if query else b""
        return path != "" and path in {scope["path"], _path(scope)} and asked == query.encode("ascii")

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """An ASGI application."""
        await _answer(self._guard.metadata(scope["method"]), "http.response", send)


def _path(scope: Scope) -> str:
    """The path within the application. ASGI has what it is mounted at (`root_path`) in front of it."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path.removeprefix(root) if path.startswith(f"{root}/") else path


def _is_preflight(scope: Scope) -> bool:
    """Fetch §3.2.2. What carries credentials is none."""
    return (
        scope["type"] == "http"
        and scope["method"] == "OPTIONS"
        and any(_values(scope, b"origin"))
        and any(_values(scope, b"access-control-request-method"))
        and not authorization(scope)
    )


def _values(scope: Scope, name: bytes) -> Iterable[str]:
    return (value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name)


async def _answer(answer: Answer, kind: str, send: Send) -> None:
    headers = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in answer.headers]
    if answer.status != 204:  # RFC 9110 §8.6: it has no length
        headers.append((b"content-length", str(len(answer.body)).encode("ascii")))
    await send({"type": f"{kind}.start", "status": answer.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": answer.body})


async def _close(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse the handshake: with the same answer, if the server can send one (it has to offer that), else by 1008."""
    await receive()
    if "websocket.http.response" in (scope.get("extensions") or {}):
        await _answer(answer, "websocket.http.response", send)
    else:
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
