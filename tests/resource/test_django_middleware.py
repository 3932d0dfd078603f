"""Django's middleware: the suite of all adapters, sync and async, and which views are for everybody."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, JsonResponse
from django.test import Client, override_settings
from django.urls import path

from evergrant.resource.django import access_token, require, token_not_required
from evergrant.testing.issuer import FakeIssuer
from tests.resource.behaviour import NEEDS, NOTES, OPEN, Api, ApiBehaviour, now, said
from tests.resource.django_project import CSRF, OURS, guard, served_by_asgi, served_by_wsgi

MIDDLEWARE = [CSRF, OURS]


def tell(request: HttpRequest) -> JsonResponse:
    return JsonResponse(said(access_token(request)))


async def tell_in_loop(request: HttpRequest) -> JsonResponse:
    return tell(request)


@token_not_required
def tell_all(request: HttpRequest) -> JsonResponse:
    return JsonResponse(OPEN)


def urls(view: Callable[..., Any]) -> list[object]:
    """The small API of the suite: the middleware alone protects the view for any token."""
    protected = [path(at.lstrip("/"), require(needs=needs)(view)) for at, needs in NEEDS.items() if at != "/any"]
    return [path("open", tell_all), path("any", view), *protected]


@pytest.fixture(scope="module", params=["sync", "async"])
def api(request: pytest.FixtureRequest) -> Iterator[Api]:
    serving = {
        "sync": lambda: served_by_wsgi(*urls(tell), MIDDLEWARE=MIDDLEWARE),
        "async": lambda: served_by_asgi(*urls(tell_in_loop), MIDDLEWARE=MIDDLEWARE),
    }
    with serving[request.param]() as api:
        yield api


class TestMiddleware(ApiBehaviour):
    """Django with the middleware."""


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    issuer = FakeIssuer(NOTES, clock=now)
    with issuer.trusted_by(guard):
        yield issuer


@pytest.mark.parametrize("inner", [tell, tell_in_loop])
def test_views_of_both_kinds_may_stand_behind_a_server_of_either(
    issuer: FakeIssuer, inner: Callable[..., object]
) -> None:
    serving = [served_by_wsgi, served_by_asgi]
    statuses = []
    for serve in serving:
        with serve(path("here", inner), MIDDLEWARE=MIDDLEWARE) as api:
            statuses += [api.get("/here").status, api.show("/here", issuer.mint()).status]

    assert statuses == [401, 200, 401, 200]


def test_what_the_settings_leave_open_is_for_everybody(issuer: FakeIssuer) -> None:
    def plain(request: HttpRequest) -> JsonResponse:
        return JsonResponse(OPEN)

    declared = {"guard": guard, "open_paths": ["/admin/"]}
    urls = (path("admin/here", plain), path("here", plain), path("admin-too", plain))
    with override_settings(EVERGRANT=declared, ROOT_URLCONF=urls, MIDDLEWARE=MIDDLEWARE):
        statuses = [Client().get(at).status_code for at in ("/admin/here", "/here", "/admin-too")]

    assert statuses == [200, 401, 401]


def test_what_is_not_there_needs_no_token(issuer: FakeIssuer) -> None:
    with override_settings(MIDDLEWARE=MIDDLEWARE):
        reply = Client().get("/nowhere")

    assert reply.status_code == 404


def test_a_project_with_wrong_settings_does_not_start() -> None:
    with (
        override_settings(EVERGRANT={"audience": ""}, MIDDLEWARE=[OURS]),
        pytest.raises(ImproperlyConfigured, match="issuer is missing"),
    ):
        WSGIHandler()
