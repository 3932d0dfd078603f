"""What `manage.py check` says: of the setting, and of a document that nobody can read."""

from __future__ import annotations

from django.conf import settings
from django.core import checks
from django.urls import Resolver404, resolve

from evergrant.resource.django.settings import NAME, guard, problems


def check_setting(**_: object) -> list[checks.CheckMessage]:
    """E001 for each thing that is wrong with the setting."""
    return [checks.Error(f"{NAME}: {problem}", id="evergrant.E001") for problem in problems()]


def check_document(**_: object) -> list[checks.CheckMessage]:
    """W001: challenges name the address of the API's own document (RFC 9728 §5.1), but it is not served there."""
    if problems() or _is_served(guard().resource.metadata_path):
        return []
    return [
        checks.Warning(
            f"{guard().resource.metadata_url} is not served.",
            hint='Add path("", include("evergrant.resource.django.urls")) to the URLs of the project.',
            id="evergrant.W001",
        )
    ]


def _is_served(path: str | None) -> bool:
    by_middleware = "evergrant.resource.django.middleware.AccessTokenMiddleware" in settings.MIDDLEWARE
    if path is None or by_middleware or not hasattr(settings, "ROOT_URLCONF"):
        return True
    try:
        resolve(path.partition("?")[0])
    except Resolver404:
        return False
    return True
