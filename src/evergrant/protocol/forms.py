"""Reads `application/x-www-form-urlencoded` parameters, from a body or a query, with bounds.

Our own reader because the general ones repair what must be refused: they drop a malformed escape, replace
broken UTF-8 and let the last of two equal names win, and two programs that repair differently read two
different requests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from evergrant.protocol.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType
from evergrant.protocol.secret import Secret

MAX_BYTES: Final = 64 * 1024
MAX_FIELDS: Final = 100
MAX_VALUE_BYTES: Final = 8 * 1024
MAX_STATE_BYTES: Final = 4 * 1024

REPEATABLE: Final = frozenset({"resource", "audience"})
"""`resource` may repeat by RFC 8707 §2, `audience` by RFC 8693 §2.1; by RFC 6749 §3.1 nothing else may."""

_NAMES: Final = """
    acr_values assertion audience auth_req_id claims claims_locales client_assertion client_assertion_type
    client_id client_secret code code_challenge code_challenge_method code_verifier device_code display
    dpop_jkt grant_type id_token_hint login_hint logout_hint max_age nonce password post_logout_redirect_uri
    prompt redirect_uri refresh_token registration request request_uri resource response_mode response_type
    scope state subject_token subject_token_type token token_type_hint ui_locales user_code username
"""
NAMED: Final = frozenset(_NAMES.split())
"""Parameters that an error may name. Any other name is the sender's text and is not sent back."""

_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True, repr=False)
class Form:
    """The parameters of one request.

    Empty values count as omitted (RFC 6749 §3.1). Prints no value: some are secret.
    """

    fields: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Form:
        """A form with one value a name, for parameters that were already read once."""
        return cls({name: (value,) for name, value in fields.items() if value})

    def get(self, name: str) -> str | None:
        """The value, or None.

        Raises `InvalidRequest` if several `resource` or `audience` values were sent.
        """
        values = self.fields.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise InvalidRequest(f"{_subject(name)} must be sent once here.")
        return values[0]

    def require(self, name: str) -> str:
        """The value. Raises `InvalidRequest` if it is missing."""
        value = self.get(name)
        if value is None:
            raise InvalidRequest(f"{_subject(name)} is missing.")
        return value

    def secret(self, name: str) -> Secret | None:
        """The value of a parameter that must not be printed, or None."""
        value = self.get(name)
        return None if value is None else Secret(value)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a parameter that may repeat, in order."""
        return self.fields.get(name, ())

    def names(self) -> frozenset[str]:
        """The names that came with a value."""
        return frozenset(self.fields)

    def __contains__(self, name: object) -> bool:
        return name in self.fields

    def __repr__(self) -> str:
        return f"Form({', '.join(sorted(self.names() & NAMED))})"


def read_form(body: bytes, content_type: str | None) -> Form:
    """Read a request body (at most 64 KiB).

    Raises `UnsupportedMediaType` for another content type or character set, `PayloadTooLarge`, or
    `InvalidRequest`.
    """
    _check_media_type(content_type)
    return _read(body)


def read_query(raw: bytes) -> Form:
    """Read the query of a URL, without its question mark. Raises `PayloadTooLarge` or `InvalidRequest`."""
    return _read(raw)


def _check_media_type(content_type: str | None) -> None:
    if content_type == _MEDIA_TYPE:
        return
    kind, *parameters = (content_type or "").split(";")
    if kind.strip().lower() != _MEDIA_TYPE:
        raise UnsupportedMediaType(f"The content type must be {_MEDIA_TYPE}.")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8"):
            raise UnsupportedMediaType("The character set must be UTF-8.")


def _read(raw: bytes) -> Form:
    if len(raw) > MAX_BYTES:
        raise PayloadTooLarge("The request has more than 65536 bytes of parameters.")
    pieces = [piece for piece in raw.split(b"&") if piece]
    if len(pieces) > MAX_FIELDS:
        raise InvalidRequest("The request has more than 100 parameters.")
    if b"%" in raw and _BAD_ESCAPE.search(raw) is not None:
        raise InvalidRequest("The request has a percent sign without two hexadecimal digits.")
    pairs = _pairs(raw, pieces)
    fields = {name: (value,) for name, value in pairs if value}
    if len(fields) == len(pairs) and len(raw) <= MAX_STATE_BYTES:
        return Form(fields)  # as nearly always: no name came twice, no value is empty, and none can be too long
    return Form(_gathered(pairs))


def _gathered(pairs: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        # An empty value is dropped only at the end: a name sent empty and then again was sent twice.
        if name in fields and name not in REPEATABLE:
            raise InvalidRequest(f"{_subject(name)} is repeated.")
        _check_length(name, value)
        earlier = fields.get(name, ())
        fields[name] = (*earlier, value) if value else earlier
    return {name: values for name, values in fields.items() if values}


def _pairs(raw: bytes, pieces: list[bytes]) -> list[tuple[str, str]]:
    if b"%" not in raw and b"+" not in raw:
        # Nothing is escaped, as in most token requests: decoded once, which costs half.
        split = [text.partition("=") for text in _text(raw).split("&") if text]
        return [(name, value) for name, _, value in split]
    split_octets = [piece.partition(b"=") for piece in pieces]
    return [(_text(name), _text(value)) for name, _, value in split_octets]


def _text(encoded: bytes) -> str:
    plain = b"%" not in encoded and b"+" not in encoded
    octets = encoded if plain else unquote_to_bytes(encoded.replace(b"+", b" "))
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        # The cause would carry the bytes, which may be a password, into a traceback.
        raise InvalidRequest("The parameters must be UTF-8.") from None
    if "\0" in text:
        raise InvalidRequest("A parameter contains a NUL character.")
    return text


def _check_length(name: str, value: str) -> None:
    limit = MAX_STATE_BYTES if name == "state" else MAX_VALUE_BYTES
    if len(value.encode()) > limit:
        raise InvalidRequest(f"{_subject(name)} is longer than {limit} bytes.")


def _subject(name: str) -> str:
    return f"The parameter {name}" if name in NAMED else "A parameter"
