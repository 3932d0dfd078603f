"""The adapter of Django REST framework: the suite of all adapters, and what is the framework's own."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import override_settings
from django.urls import include, path
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from evergrant.resource import AccessToken
from evergrant.resource.django.rest_framework import AccessTokenAuthentication, Needs, TokenUser
from evergrant.testing.issuer import FakeIssuer
from tests.resource.behaviour import BAD, METADATA, NEEDS, NOTES, OPEN, Api, ApiBehaviour, now, said
from tests.resource.django_project import guard, served_by_wsgi

HANDLER = "evergrant.resource.django.rest_framework.exception_handler"


def view(*permissions: Any, ways: tuple[type[BaseAuthentication], ...] = (), **more: Any) -> Any:
    """A view of the framework that tells of the token."""

    class Tell(APIView):  # type: ignore[misc]  # the framework has no types
        authentication_classes = (*ways, AccessTokenAuthentication)
        permission_classes = permissions

        def get(self, request: Request) -> Response:
            return Response(said(request.auth) if isinstance(request.auth, AccessToken) else OPEN)

        head = get

    for name, value in more.items():
        setattr(Tell, name, value)
    return Tell.as_view()


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    urls = [path(at.lstrip("/"), view(Needs(needs=needs))) for at, needs in NEEDS.items()]
    document = path("", include("evergrant.resource.django.urls"))
    with served_by_wsgi(document, path("open", view()), *urls, REST_FRAMEWORK={"EXCEPTION_HANDLER": HANDLER}) as api:
        yield api


class TestRestFramework(ApiBehaviour):
    """Django REST framework, with its exception handler set to ours."""


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    issuer = FakeIssuer(NOTES, clock=now)
    with issuer.trusted_by(guard):
        yield issuer


def get(shown: Any, headers: dict[str, str], **changed: Any) -> Any:
    """What that view answers."""
    with override_settings(ROOT_URLCONF=(path("here", shown),), **changed):
        return APIClient().get("/here", headers=headers)


@pytest.mark.parametrize(
    ("shown", "status", "challenge", "body"),
    [
        ({}, 401, f'Bearer scope="notes:read", {METADATA}', {}),
        (
            {"Authorization": "Bearer bad"},
            401,
            f'Bearer error="invalid_token", error_description="{BAD}", {METADATA}',
            {"error": "invalid_token", "error_description": BAD},
        ),
    ],
)
def test_without_our_handler_status_challenge_and_body_are_the_same(
    issuer: FakeIssuer, shown: dict[str, str], status: int, challenge: str, body: dict[str, str]
) -> None:
    reply = get(view(Needs("notes:read")), shown)

    assert (reply.status_code, reply["WWW-Authenticate"], reply.json()) == (status, challenge, body)


def test_without_our_handler_it_says_too_when_to_come_again() -> None:
    shown = FakeIssuer(NOTES, clock=now).headers()

    reply = get(view(), shown)

    assert (reply.status_code, reply["Retry-After"], reply.json()["error"]) == (503, "1", "temporarily_unavailable")


def test_the_frameworks_own_permission_challenges_too(issuer: FakeIssuer) -> None:
    refused = get(view(IsAuthenticated), {}, REST_FRAMEWORK={"EXCEPTION_HANDLER": HANDLER})
    let_in = get(view(IsAuthenticated), issuer.headers(sub="ada"))

    assert (refused.status_code, refused["WWW-Authenticate"], refused.content) == (401, f"Bearer {METADATA}", b"{}")
    assert (let_in.status_code, let_in.json()["sub"]) == (200, "ada")


def test_other_errors_are_answered_as_the_framework_does() -> None:
    def missing(self: object, request: Request) -> Response:
        raise NotFound

    reply = get(view(get=missing), {}, REST_FRAMEWORK={"EXCEPTION_HANDLER": HANDLER})

    assert (reply.status_code, reply.json()) == (404, {"detail": "Not found."})


class ByName(BaseAuthentication):  # type: ignore[misc]  # the framework has no types
    """Another way to authenticate."""

    def authenticate(self, request: Request) -> tuple[object, str] | None:
        name = request.headers.get("X-Name")
        return (TokenUser(name), "by name") if name else None


class IsGrace(BasePermission):  # type: ignore[misc]  # the framework has no types
    """For her alone."""

    def has_permission(self, request: Request, view: object) -> bool:
        return str(request.user) == "grace"


def test_who_came_another_way_has_no_token_but_may_have_another_permission(issuer: FakeIssuer) -> None:
    both = view(Needs("notes:read") | IsGrace, ways=(ByName,))

    replies = [
        get(both, issuer.headers(scope="notes:read")),
        get(both, {"X-Name": "grace"}),
        get(both, {"X-Name": "ada"}),
        get(both, issuer.headers(sub="grace")),
    ]

    assert [reply.status_code for reply in replies] == [200, 200, 403, 403]
    assert "WWW-Authenticate" not in replies[2]
    assert 'scope="notes:read"' in replies[3]["WWW-Authenticate"]


def test_the_user_is_who_the_token_acts_for_and_anybody_without_one(issuer: FakeIssuer) -> None:
    seen: list[object] = []

    def see(self: object, request: Request) -> Response:
        seen.append(request.user)
        return Response()

    get(view(get=see), issuer.headers(sub="ada"))
    get(view(get=see), {})

    ada, nobody = seen
    assert ada == TokenUser("ada")
    assert isinstance(ada, TokenUser)
    assert (ada.is_authenticated, ada.is_anonymous, ada.is_active, ada.get_username(), str(ada)) == (
        True,
        False,
        True,
        "ada",
        "ada",
    )
    assert isinstance(nobody, AnonymousUser)


def test_the_user_may_be_one_of_a_table(issuer: FakeIssuer) -> None:
    class Ours(AccessTokenAuthentication):
        def user_of(self, token: AccessToken) -> object:
            return {"row of": token.subject}

    def see(self: object, request: Request) -> Response:
        return Response(request.user)

    reply = get(view(authentication_classes=[Ours], get=see), issuer.headers(sub="ada"))

    assert reply.json() == {"row of": "ada"}


def test_each_subject_is_counted_for_itself(issuer: FakeIssuer) -> None:
    """Throttling counts by the primary key of the user."""

    class Once(UserRateThrottle):  # type: ignore[misc]  # the framework has no types
        rate = "1/day"

    once = view(throttle_classes=[Once])

    replies = [get(once, issuer.headers(sub=sub)).status_code for sub in ("ada", "grace", "ada")]

    assert replies == [200, 200, 429]
