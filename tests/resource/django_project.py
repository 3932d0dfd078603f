"""A Django project around the guard of the suite: settings are per process, so all tests of Django share these."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.test import override_settings

from tests.resource.behaviour import Api, notes_guard
from tests.resource.serving import asgi_served, wsgi_served

guard = notes_guard()

CSRF = "django.middleware.csrf.CsrfViewMiddleware"
OURS = "evergrant.resource.django.middleware.AccessTokenMiddleware"

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1", "testserver"],
    EVERGRANT={"guard": "tests.resource.django_project.guard"},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "evergrant.resource.django",
    ],
    LOGGING_CONFIG=None,
    # A project has this one from the start; views with tokens must not suffer from it.
    MIDDLEWARE=[CSRF],
    ROOT_URLCONF=(),
    SECRET_KEY="of no use to anybody",
)
django.setup()


@contextmanager
def served_by_wsgi(*urls: object, **changed: Any) -> Iterator[Api]:
    """The project with these URLs and changed settings, on the WSGI server of the standard library."""
    with override_settings(ROOT_URLCONF=urls, **changed), wsgi_served(get_wsgi_application()) as port:
        yield Api(port, guard)


@contextmanager
def served_by_asgi(*urls: object, **changed: Any) -> Iterator[Api]:
    """The same on an event loop."""
    with override_settings(ROOT_URLCONF=urls, **changed), asgi_served(get_asgi_application()) as port:
        yield Api(port, guard)
