"""The setting EVERGRANT: what it makes, and everything that is wrong with it at once."""

import re

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.urls import include, path

from evergrant.resource import Profile, Resource
from evergrant.resource.django.settings import guard
from tests.resource import django_project
from tests.resource.django_project import OURS

DECLARED = {"audience": "https://notes.example/api", "issuer": "https://login.example.com"}


def test_the_api_is_declared_with_all_that_a_resource_may_say() -> None:
    said = {
        **DECLARED,
        "scopes": {"notes:read": "Read your notes"},
        "implies": {"notes:write": ["notes:read"]},
        "also": ["notes"],
        "profile": "foreign",
        "algorithms": ["RS256"],
        "leeway_s": 0,
        "roles_claim": "realm_access.roles",
        "name": "Notes",
        "documentation": "https://notes.example/docs",
    }

    with override_settings(EVERGRANT=said):
        found = guard()

        assert guard() is found
    assert found.resource == Resource(**{**said, "profile": Profile.FOREIGN})  # type: ignore[arg-type]  # a dictionary of all kinds


def test_two_things_are_enough() -> None:
    with override_settings(EVERGRANT=DECLARED):
        assert guard().resource == Resource("https://notes.example/api", "https://login.example.com")


@pytest.mark.parametrize("named", ["tests.resource.django_project.guard", django_project.guard])
def test_a_guard_that_is_made_elsewhere_is_named(named: object) -> None:
    with override_settings(EVERGRANT={"guard": named}):
        assert guard() is django_project.guard


def test_everything_that_is_wrong_is_told_at_once() -> None:
    said = {
        "issuer": "http://login.example.com",
        "scopes": ["notes:read"],
        "implies": {"notes:write": ["notes:read", 'notes"']},
        "also": "notes",
        "profile": "oauth",
        "algorithms": ["HS256"],
        "leeway_s": 600,
        "name": 7,
        "scope": "notes:read",
        "open_paths": ["admin/"],
    }

    with override_settings(EVERGRANT=said), pytest.raises(ImproperlyConfigured) as caught:
        guard()

    told = str(caught.value).splitlines()
    assert told[0] == "The setting EVERGRANT cannot be meant:"
    assert told[1] == "- open_paths is a list of paths, each with a slash first"
    assert told[2] == "- audience is missing"
    assert [re.sub(r"^- ([a-z_]+).*", r"\1", line) for line in told[3:]] == [
        "issuer",
        "scopes",
        "implies",
        "also",
        "profile",
        "algorithms",
        "leeway_s",
        "name",
        "scope",
    ]
    assert told[5].startswith("- implies: invalid_scope: ")
    assert told[-1].startswith("- scope is nothing that is known here; known are audience, issuer, scopes, ")


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (None, "EVERGRANT is missing: a dictionary with audience and issuer, or with guard"),
        ({"guard": "nowhere.at_all"}, "guard: No module named 'nowhere'"),
        (
            {"guard": "tests.resource.django_project.OURS"},
            "guard: 'tests.resource.django_project.OURS' is neither a Guard nor the dotted path of one",
        ),
        ({"guard": django_project.guard, "issuer": "x"}, "issuer belongs to the guard that is named, not here"),
    ],
)
def test_what_is_wrong_is_told(said: object, problem: str) -> None:
    with override_settings(EVERGRANT=said), pytest.raises(ImproperlyConfigured) as caught:
        guard()

    assert str(caught.value).splitlines()[1:] == [f"- {problem}"]


def test_check_tells_each_thing_that_is_wrong() -> None:
    with override_settings(EVERGRANT={"audience": "", "leeway_s": "1"}):
        found = [(each.id, each.msg) for each in run_checks() if each.id.startswith("evergrant.")]

    assert found == [
        ("evergrant.E001", "EVERGRANT: issuer is missing"),
        ("evergrant.E001", "EVERGRANT: audience: audience is the API's identifier; also lists further ones"),
        ("evergrant.E001", "EVERGRANT: leeway_s is a whole number"),
    ]


DOCUMENT = path("", include("evergrant.resource.django.urls"))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"ROOT_URLCONF": ()}, ["evergrant.W001"]),
        ({"ROOT_URLCONF": (DOCUMENT,)}, []),
        ({"ROOT_URLCONF": (path("api/", include([DOCUMENT])),)}, ["evergrant.W001"]),
        ({"ROOT_URLCONF": (), "MIDDLEWARE": [OURS]}, []),
        ({"ROOT_URLCONF": (), "EVERGRANT": {**DECLARED, "audience": "notes"}}, []),
    ],
    ids=["nowhere", "at the root", "below it", "by the middleware", "there is none"],
)
def test_check_warns_when_the_document_is_not_where_challenges_say(changed: dict[str, object], told: list[str]) -> None:
    with override_settings(**changed):
        found = [each.id for each in run_checks() if each.id.startswith("evergrant.")]

    assert found == told
