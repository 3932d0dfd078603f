"""The Django adapter's decorator: the suite of all adapters for plain views, coroutines and classes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpRequest, JsonResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View

from evergrant.resource import any_of
from evergrant.resource.django import access_token, require
from evergrant.testing.issuer import FakeIssuer
from tests.resource.behaviour import METADATA_PATH, NEEDS, NOTES, OPEN, Api, ApiBehaviour, now, said
from tests.resource.django_project import guard, served_by_asgi, served_by_wsgi

DOCUMENT = path("", include("evergrant.resource.django.urls"))


def tell(request: HttpRequest) -> JsonResponse:
    return JsonResponse(said(access_token(request)))


async def tell_in_loop(request: HttpRequest) -> JsonResponse:
    return tell(request)


def tell_all(request: HttpRequest) -> JsonResponse:
    return JsonResponse(OPEN)


class Notes(View):  # type: ignore[misc]  # Django has no types
    """Its `dispatch` is no coroutine, though what it calls is."""

    async def get(self, request: HttpRequest) -> JsonResponse:
        return tell(request)


def urls(view: Callable[..., Any]) -> list[object]:
    """The small API of the suite."""
    protected = [path(at.lstrip("/"), require(needs=needs)(view)) for at, needs in NEEDS.items()]
    return [DOCUMENT, path("open", tell_all), *protected]


def urls_of_classes() -> list[object]:
    kinds = [
        (at, method_decorator(require(needs=needs), name="dispatch")(type("Of", (Notes,), {})))
        for at, needs in NEEDS.items()
    ]
    return [DOCUMENT, path("open", tell_all), *(path(at.lstrip("/"), kind.as_view()) for at, kind in kinds)]


@pytest.fixture(scope="module", params=["plain", "coroutine", "coroutine under WSGI", "class of coroutines"])
def api(request: pytest.FixtureRequest) -> Iterator[Api]:
    serving = {
        "plain": lambda: served_by_wsgi(*urls(tell)),
        "coroutine": lambda: served_by_asgi(*urls(tell_in_loop)),
        "coroutine under WSGI": lambda: served_by_wsgi(*urls(tell_in_loop)),
        "class of coroutines": lambda: served_by_asgi(*urls_of_classes()),
    }
    with serving[request.param]() as api:
        yield api


class TestDjango(ApiBehaviour):
    """Django."""


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    issuer = FakeIssuer(NOTES, clock=now)
    with issuer.trusted_by(guard):
        yield issuer


def test_a_form_may_be_posted_with_an_access_token_alone(issuer: FakeIssuer) -> None:
    """The project asks forms for a CSRF token. No browser adds an access token to what another site sends."""
    with override_settings(ROOT_URLCONF=tuple(urls(tell))):
        client = Client(enforce_csrf_checks=True)

        let_in = client.post("/write", headers=issuer.headers(scope="notes:write"))
        refused = client.post("/write")

    assert (let_in.status_code, refused.status_code) == (200, 401)


def test_methods_of_a_class_may_need_different_things(issuer: FakeIssuer) -> None:
    class Note(View):  # type: ignore[misc]  # Django has no types
        def get(self, request: HttpRequest, number: int) -> JsonResponse:
            return JsonResponse({"number": number})

        def delete(self, request: HttpRequest, number: int) -> JsonResponse:
            return JsonResponse({"deleted": number})

    method_decorator(require("notes:read"), name="get")(Note)
    method_decorator(require("notes:write"), name="delete")(Note)

    headers = issuer.headers(scope="notes:read")
    with override_settings(ROOT_URLCONF=(path("notes/<int:number>", Note.as_view()),)):
        read, deleted = Client().get("/notes/7", headers=headers), Client().delete("/notes/7", headers=headers)

    assert (read.status_code, read.json()) == (200, {"number": 7})
    assert (deleted.status_code, deleted.json()["error"]) == (403, "insufficient_scope")


def test_scopes_conditions_and_a_requirement_of_its_own_are_needed_together(issuer: FakeIssuer) -> None:
    view = require("notes:write", roles=["editor"], needs=any_of("notes:share", "notes:admin"))(tell)

    def status(scope: str, *roles: str) -> int:
        request = RequestFactory().get("/", headers=issuer.headers(scope=scope, roles=roles))
        return int(view(request).status_code)

    assert status("notes:write notes:share", "editor") == 200
    assert status("notes:write", "editor") == 403
    assert status("notes:share", "editor") == 403
    assert status("notes:write notes:share") == 403


def test_where_no_token_was_asked_for_there_is_none(issuer: FakeIssuer) -> None:
    request = RequestFactory().get("/", headers=issuer.headers())

    with pytest.raises(RuntimeError, match="only in views with `require`"):
        access_token(request)


def test_only_the_document_of_this_api_is_there(issuer: FakeIssuer) -> None:
    with override_settings(ROOT_URLCONF=(DOCUMENT,)):
        statuses = [Client().get(at).status_code for at in (METADATA_PATH, METADATA_PATH + "/more")]

    assert statuses == [200, 404]
