"""For views: what they need, what they get, and the view of the API's own document."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, TypeAlias, TypeVar, Unpack, cast

from asgiref.sync import iscoroutinefunction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from evergrant.resource.access_token import AccessToken
from evergrant.resource.django.settings import guard
from evergrant.resource.refusals import Answer, Refused
from evergrant.resource.requirements import ANY_TOKEN, Conditions, Requirement
from evergrant.resource.requirements import require as requirement

_Answered: TypeAlias = HttpResponseBase | Awaitable[HttpResponseBase]
_V = TypeVar("_V", bound=Callable[..., Any])

LOOKS_ITSELF: Final = "evergrant_looks_itself"
"""The mark on a view for which `AccessTokenMiddleware` asks nobody for a token."""


def require(*scopes: str, needs: Requirement = ANY_TOKEN, **conditions: Unpack[Conditions]) -> Callable[[_V], _V]:
    """A decorator: who lacks the scopes or what else is named (see `evergrant.resource.require`) is refused.

        @require("payments", acr=["phr"], max_age_s=300)
        def pay(request): ...

        @method_decorator(require(needs=any_of("notes:read", "notes:admin")), name="dispatch")
        class Notes(View): ...

    The view finds the token with `access_token(request)`. It needs no CSRF token: no browser adds an access token to
    a request of its own accord.
    """
    wanted = requirement(*scopes, **conditions) & needs

    def protect(view: _V) -> _V:
        async def in_loop(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            try:
                request.access_token = await guard().admit_async(authorization(request), wanted)
            except Refused as refused:
                return response(guard().refuse(refused))
            return cast(HttpResponseBase, await view(request, *args, **kwargs))

        def anywhere(request: HttpRequest, *args: object, **kwargs: object) -> _Answered:
            if _loop_is_running():
                # The `dispatch` of a class whose handlers are coroutines: it is called, then awaited.
                return in_loop(request, *args, **kwargs)
            try:
                request.access_token = guard().admit(authorization(request), wanted)
            except Refused as refused:
                return response(guard().refuse(refused))
            return cast(HttpResponseBase, view(request, *args, **kwargs))

        protected: Any = wraps(view)(in_loop if iscoroutinefunction(view) else anywhere)
        protected.csrf_exempt = True
        # Who shows no token is to hear of the scopes too, and those the middleware does not know.
        setattr(protected, LOOKS_ITSELF, True)
        return cast(_V, protected)

    return protect


def token_not_required(view: _V) -> _V:
    """A decorator for views that `AccessTokenMiddleware` leaves to whoever comes."""
    setattr(view, LOOKS_ITSELF, True)
    return view


def access_token(request: HttpRequest) -> AccessToken:
    """The access token of the request. Raises RuntimeError where nothing has asked for one."""
    token = getattr(request, "access_token", None)
    if not isinstance(token, AccessToken):
        raise RuntimeError("there is an access token only in views with `require`, or behind AccessTokenMiddleware")
    return token


# The answer to a POST is that there is no such method, not that a form was forged.
@csrf_exempt  # type: ignore[untyped-decorator]  # Django has no types
@token_not_required
def metadata(request: HttpRequest) -> HttpResponse:
    """The API's own document. RFC 9728 §3."""
    if not is_metadata(request):
        raise Http404
    return response(guard().metadata(request.method))


def is_metadata(request: HttpRequest) -> bool:
    """Whether the request is for the API's own document."""
    path = guard().resource.metadata_path
    return path is not None and request.path_info == path.partition("?")[0]


def authorization(request: HttpRequest) -> list[str]:
    """The `Authorization` headers; Django joins several into one."""
    value = request.META.get("HTTP_AUTHORIZATION")
    return [] if value is None else [value]


def response(answer: Answer) -> HttpResponse:
    """The answer, as Django sends it."""
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
