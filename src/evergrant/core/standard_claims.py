"""The standard claims about a person, with the types they must have. OpenID Connect Core §5.1. Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from evergrant.core.facts import JsonValue
from evergrant.protocol.oidc_scopes import STANDARD_CLAIMS

_MOST_CHARACTERS: Final = 1_000
_EMAIL: Final = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_DATE: Final = re.compile(r"[0-9]{4}(?:-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))?")
_LOCALE: Final = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
_ZONE: Final = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")
_ADDRESS: Final = frozenset({"formatted", "street_address", "locality", "region", "postal_code", "country"})


class BadClaim(ValueError):
    """A claim that cannot be. The message names it and says what would be right."""


def check_claims(claims: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The claims as they are. Raises BadClaim naming every one that is unknown or of the wrong type."""
    problems = [problem for name, value in claims.items() if (problem := _problem(name, value)) is not None]
    if problems:
        raise BadClaim("; ".join(problems))
    return dict(claims)


def _problem(name: str, value: JsonValue) -> str | None:
    check = _CHECKS.get(name)
    if check is None:
        return f"{name}: no standard claim; there are {', '.join(sorted(_CHECKS))}"
    wanted = check(value)
    return None if wanted is None else f"{name}: must be {wanted}"


def _text(value: JsonValue) -> str | None:
    # Line breaks are right in a postal address only; elsewhere they are somebody's attempt at something.
    if isinstance(value, str) and 0 < len(value) <= _MOST_CHARACTERS and value.isprintable():
        return None
    return f"a text of 1 to {_MOST_CHARACTERS} printable characters"


def _matching(pattern: re.Pattern[str], wanted: str) -> Callable[[JsonValue], str | None]:
    def check(value: JsonValue) -> str | None:
        return None if _text(value) is None and pattern.fullmatch(str(value)) else wanted

    return check


def _url(value: JsonValue) -> str | None:
    wanted = "an http or https URL"
    if _text(value) is not None:
        return wanted
    try:
        parts = urlsplit(str(value))
    except ValueError:
        return wanted
    return None if parts.scheme in ("http", "https") and parts.netloc else wanted


def _switch(value: JsonValue) -> str | None:
    # The text "false" is true to many a program that reads it.
    return None if isinstance(value, bool) else "true or false"


def _seconds(value: JsonValue) -> str | None:
    right = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return None if right else "a number of seconds since 1970"


def _address(value: JsonValue) -> str | None:
    wanted = f"an object of texts, with members from {', '.join(sorted(_ADDRESS))} (§5.1.1)"
    if not isinstance(value, dict) or not value or not set(value) <= _ADDRESS:
        return wanted
    lines = (line for text in value.values() for line in (text.splitlines() if isinstance(text, str) else [None]))
    return None if all(_text(line) is None for line in lines) else wanted


_SPECIAL: Final[Mapping[str, Callable[[JsonValue], str | None]]] = {
    "profile": _url,
    "picture": _url,
    "website": _url,
    "email": _matching(_EMAIL, "an e-mail address"),
    "email_verified": _switch,
    "phone_number_verified": _switch,
    "birthdate": _matching(_DATE, "a date as YYYY-MM-DD, with year 0000 if it is not known, or YYYY"),
    "zoneinfo": _matching(_ZONE, "a time zone's name, such as Europe/Paris"),
    "locale": _matching(_LOCALE, "a language tag, such as en-US"),
    "address": _address,
    "updated_at": _seconds,
}
_CHECKS: Final = {name: _SPECIAL.get(name, _text) for name in STANDARD_CLAIMS if name != "sub"}
