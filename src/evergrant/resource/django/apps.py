"""The application `evergrant.resource.django`: it has no models; it checks the settings."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register

from evergrant.resource.django.checks import check_document, check_setting


class EvergrantConfig(AppConfig):  # type: ignore[misc]  # Django has no types
    """Its label is `evergrant`: `django`, the last part of its name, would be anybody's."""

    name = "evergrant.resource.django"
    label = "evergrant"
    verbose_name = "Evergrant"

    def ready(self) -> None:
        """Add the checks to those of `manage.py check`."""
        register(check_setting)
        register(check_document)
