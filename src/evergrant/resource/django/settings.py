"""Reads the setting `EVERGRANT`: which API this is, and whom it trusts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from evergrant.protocol.errors import InvalidScope
from evergrant.resource.declaration import Profile, Resource
from evergrant.resource.guard import Guard

NAME: Final = "EVERGRANT"

# What each field is tried beside: sound, so that what is wrong is wrong with that field.
_SOUND: Final = {"audience": "https://api.example", "issuer": "https://issuer.example"}


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple | set | frozenset) and all(map(_is_text, value))


def _is_mapping_to(kind: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, Mapping) and all(_is_text(key) and kind(each) for key, each in value.items())


_KINDS: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    "audience": (_is_text, "a text"),
    "issuer": (_is_text, "a text"),
    "scopes": (_is_mapping_to(_is_text), "a dictionary with a sentence for each scope"),
    "implies": (_is_mapping_to(_is_list), "a dictionary with a list of scopes for each scope"),
    "also": (_is_list, "a list of texts"),
    "profile": (lambda value: value in {each.value for each in Profile}, '"rfc9068" or "foreign"'),
    "algorithms": (_is_list, "a list of texts"),
    "leeway_s": (lambda value: type(value) is int, "a whole number"),
    "roles_claim": (_is_text, "a text"),
    "name": (_is_text, "a text"),
    "documentation": (_is_text, "a text"),
}
_PATHS: Final = "open_paths"


def problems() -> list[str]:
    """Everything that is wrong with the setting, a sentence each."""
    said = getattr(settings, NAME, None)
    if not isinstance(said, Mapping):
        return [f"{NAME} is missing: a dictionary with audience and issuer, or with guard"]
    paths = said.get(_PATHS, [])
    found = []
    if not _is_list(paths) or not all(path.startswith("/") for path in paths):
        found.append(f"{_PATHS} is a list of paths, each with a slash first")
    rest = {name: value for name, value in said.items() if name != _PATHS}
    return found + (_of_guard(rest) if "guard" in rest else _of_fields(rest))


@cache
def guard() -> Guard:
    """The guard of this project. Raises ImproperlyConfigured with everything that is wrong."""
    found = problems()
    if found:
        raise ImproperlyConfigured("\n".join([f"The setting {NAME} cannot be meant:", *(f"- {it}" for it in found)]))
    said = getattr(settings, NAME)
    if "guard" in said:
        return _guard_at(said["guard"])
    fields = {name: value for name, value in said.items() if name != _PATHS}
    return Guard(_resource(fields))


def is_open(path: str) -> bool:
    """Whether `open_paths` leaves that path to whoever comes."""
    return path.startswith(tuple(getattr(settings, NAME).get(_PATHS, ())))


def _of_guard(said: Mapping[str, Any]) -> list[str]:
    found = [f"{name} belongs to the guard that is named, not here" for name in said if name != "guard"]
    try:
        _guard_at(said["guard"])
    except (ImportError, TypeError) as problem:
        found.append(f"guard: {problem}")
    return found


def _guard_at(place: object) -> Guard:
    """Raises ImportError if nothing is there, TypeError if something else is."""
    named = import_string(place) if isinstance(place, str) else place
    if not isinstance(named, Guard):
        raise TypeError(f"{place!r} is neither a Guard nor the dotted path of one")
    return named


def _of_fields(said: Mapping[str, Any]) -> list[str]:
    found = [f"{name} is missing" for name in _SOUND if name not in said]
    for name, value in said.items():
        if name not in _KINDS:
            found.append(f"{name} is nothing that is known here; known are {', '.join([*_KINDS, _PATHS, 'guard'])}")
        elif not _KINDS[name][0](value):
            found.append(f"{name} is {_KINDS[name][1]}")
        else:
            try:
                _resource({**_SOUND, name: value})
            except (ValueError, InvalidScope) as problem:
                found.append(f"{name}: {problem}")
    return found


def _resource(fields: Mapping[str, Any]) -> Resource:
    return Resource(**{**fields, "profile": Profile(fields.get("profile", "rfc9068"))})


def _forget(*, setting: str, **_: object) -> None:
    # Django's own tests of a project change settings as they go.
    if setting == NAME:
        guard.cache_clear()


setting_changed.connect(_forget)
