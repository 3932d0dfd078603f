"""A middleware for projects in which every view needs an access token, but for those that say otherwise."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from evergrant.resource.django.settings import guard, is_open
from evergrant.resource.django.views import LOOKS_ITSELF, authorization, is_metadata, metadata, response
from evergrant.resource.refusals import Refused

_Answered: TypeAlias = HttpResponseBase | Awaitable[HttpResponseBase]


class AccessTokenMiddleware:
    """Lets requests through to their views if they show a good access token for this API, under WSGI and ASGI.

        MIDDLEWARE = [..., "evergrant.resource.django.middleware.AccessTokenMiddleware"]
        EVERGRANT = {..., "open_paths": ["/admin/", "/static/"]}

    The views find the token with `access_token(request)`; those that need more say so with `require`. A view that is
    for everybody is marked `@token_not_required`, and all below the `open_paths` is for everybody too. The API's own
    document is served here. A middleware that answers the preflights of browsers belongs above this one.

    Raises ImproperlyConfigured when the project starts.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], _Answered]) -> None:
        guard()
        self._get_response = get_response
        self._for_coroutines = iscoroutinefunction(get_response)
        # Django asks for it once the middleware is made, and looks whether it is a coroutine.
        self.process_view: Callable[..., HttpResponse | Awaitable[HttpResponse | None] | None] = self._judge
        if self._for_coroutines:
            markcoroutinefunction(self)
            self.process_view = self._judge_in_loop

    def __call__(self, request: HttpRequest) -> _Answered:
        """Answer the request; Django awaits what comes if this middleware was made for coroutines."""
        if self._for_coroutines:
            return self._answer_in_loop(request)
        return metadata(request) if is_metadata(request) else self._get_response(request)

    async def _answer_in_loop(self, request: HttpRequest) -> HttpResponseBase:
        return metadata(request) if is_metadata(request) else await self._get_response(request)

    def _judge(self, request: HttpRequest, view: Callable[..., object], *_: object) -> HttpResponse | None:
        if _is_not_ours(request, view):
            return None
        try:
            request.access_token = guard().admit(authorization(request))
        except Refused as refused:
            return response(guard().refuse(refused))
        return None

    async def _judge_in_loop(
        self, request: HttpRequest, view: Callable[..., object], *_: object
    ) -> HttpResponse | None:
        if _is_not_ours(request, view):
            return None
        try:
            request.access_token = await guard().admit_async(authorization(request))
        except Refused as refused:
            return response(guard().refuse(refused))
        return None


def _is_not_ours(request: HttpRequest, view: Callable[..., object]) -> bool:
    return getattr(view, LOOKS_ITSELF, False) or is_open(request.path_info)
