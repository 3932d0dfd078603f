"""Protects endpoints of Starlette.

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    from evergrant.resource import Guard, Resource
    from evergrant.resource.starlette import access_token, metadata_route, protect

    guard = Guard(Resource("https://notes.example/api", issuer="https://login.example.com"))

    @protect(guard, "notes:read")
    async def notes(request: Request) -> Response:
        return JSONResponse({"subject": access_token(request).subject})

    app = Starlette(routes=[Route("/notes", notes), metadata_route(guard)])

What is no function (endpoint classes, WebSockets, mounted applications) is protected by the middleware of
`evergrant.resource.asgi`: `Route("/", Page, middleware=[Middleware(ProtectMiddleware, guard, needs=…)])`. The token is
found by the same `access_token` there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import TypeVar, Unpack, cast

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from evergrant.resource import asgi
from evergrant.resource.access_token import AccessToken
from evergrant.resource.guard import Guard
from evergrant.resource.refusals import Answer, Refused
from evergrant.resource.requirements import ANY_TOKEN, Conditions, Requirement, require

__all__ = ["access_token", "metadata_route", "protect"]

Endpoint = TypeVar("Endpoint", bound=Callable[[Request], Response] | Callable[[Request], Awaitable[Response]])


def protect(
    guard: Guard, *scopes: str, needs: Requirement = ANY_TOKEN, **conditions: Unpack[Conditions]
) -> Callable[[Endpoint], Endpoint]:
    """Lets requests through to the endpoint that show an access token with all `scopes`, with what else is named (see
    `evergrant.resource.require`) and with what `needs` says.

    The endpoint is a function of a request, a coroutine or not, and finds the token with `access_token(request)`, or
    at `request.state.access_token`. Put it under `@protect`, and that under anything that registers the endpoint.
    """
    all_needs = require(*scopes, **conditions) & needs

    def protected(endpoint: Endpoint) -> Endpoint:
        if iscoroutinefunction(endpoint):
            of_coroutine = cast("Callable[[Request], Awaitable[Response]]", endpoint)

            @wraps(endpoint)
            async def judged_in_loop(request: Request) -> Response:
                try:
                    token = await guard.admit_async(authorization(request), all_needs)
                except Refused as refused:
                    return response(guard.refuse(refused))
                remember(request, token)
                return await of_coroutine(request)

            return cast("Endpoint", judged_in_loop)

        of_function = cast("Callable[[Request], Response]", endpoint)

        @wraps(endpoint)
        def judged(request: Request) -> Response:
            # Starlette runs functions in a thread: it may wait.
            try:
                token = guard.admit(authorization(request), all_needs)
            except Refused as refused:
                return response(guard.refuse(refused))
            remember(request, token)
            return of_function(request)

        return cast("Endpoint", judged)

    return protected


def metadata_route(guard: Guard) -> Route:
    """Answers the API's own document (RFC 9728), at its place on the host: to be mounted nowhere.

    Raises ValueError if the API has none, since its identifier is no URL.
    """
    path = guard.resource.metadata_path
    if path is None:
        raise ValueError("an API whose identifier is no URL has no document")
    return Route(path.partition("?")[0], asgi.MetadataDocument(guard), name="oauth_protected_resource")


def access_token(connection: HTTPConnection) -> AccessToken:
    """The token of a request that was let in. Raises RuntimeError if nothing protects the endpoint."""
    return asgi.access_token(connection.scope)


def authorization(connection: HTTPConnection) -> list[str]:
    """Every `Authorization` header of the request."""
    return asgi.authorization(connection.scope)


def remember(connection: HTTPConnection, token: AccessToken) -> None:
    """Put the token where `access_token` and everything else around the endpoint finds it."""
    connection.scope[asgi.KEY] = token
    connection.state.access_token = token


def response(answer: Answer) -> Response:
    """The answer, for Starlette to send."""
    return Response(answer.body, answer.status, dict(answer.headers))
