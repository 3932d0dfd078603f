"""Reads the `Authorization` header, reads and writes `WWW-Authenticate`. RFC 9110 §11, RFC 7617, RFC 6750."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import quote_plus, unquote_to_bytes

from evergrant.protocol.errors import InvalidClient, InvalidToken
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import ClientId

MAX_BASIC: Final = 8 * 1024
MAX_BEARER: Final = 16 * 1024
MAX_CHALLENGES: Final = 16 * 1024

_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_VSCHAR: Final = re.compile(r"[\x20-\x7e]*")
_TOKEN68: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_TCHAR: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BETWEEN: Final = re.compile(r"[ \t,]*")
_SCHEME: Final = re.compile(rf"({_TCHAR.pattern})(?:[ \t]+|(?=,)|\Z)")
_CREDENTIAL: Final = re.compile(rf"(?:{_TOKEN68.pattern})(?=[ \t]*(?:,|\Z))")
_PARAMETER: Final = re.compile(
    rf'({_TCHAR.pattern})[ \t]*=[ \t]*(?:({_TCHAR.pattern})|"((?:[^"\\]|\\.)*)")(?=[ \t]*(?:,|\Z))'
)
_ESCAPED: Final = re.compile(r"\\(.)")


class BasicCredentials(NamedTuple):
    """What a client showed by HTTP Basic. Nothing is proven yet."""

    client_id: ClientId
    secret: Secret


class Challenge(NamedTuple):
    """One challenge of a `WWW-Authenticate` header. The scheme and the names are in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def basic(header: str | None) -> BasicCredentials | None:
    """The credentials in an `Authorization` header; None if there is no header or it has another scheme.

    Identifier and secret are form-encoded before they are joined (RFC 6749 §2.3.1). Raises `InvalidClient`
    for anything malformed.
    """
    encoded = _parameter_of(header, "basic")
    if encoded is None:
        return None
    if len(encoded) > MAX_BASIC:
        raise InvalidClient("The Basic credentials are too long.")
    try:
        joined = b64decode(encoded, validate=True).decode("ascii")
    except ValueError:
        # No cause: it would quote the secret.
        raise InvalidClient("The Basic credentials are malformed.") from None
    left, colon, right = joined.partition(":")
    client_id, secret = _form_decode(left), _form_decode(right)
    if not colon or not client_id:
        raise InvalidClient("The Basic credentials lack a client identifier or a colon.")
    return BasicCredentials(ClientId(client_id), Secret(secret))


def basic_credentials(client_id: str, secret: Secret) -> str:
    """An `Authorization` value that `basic` reads: both halves are form-encoded first. It holds the secret."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret.reveal())}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def bearer(header: str | None) -> Secret | None:
    """The access token in an `Authorization` header. RFC 6750 §2.1.

    None if there is no header or it has another scheme. Raises `InvalidToken` if what follows the scheme
    can be no token.
    """
    token = _parameter_of(header, "bearer")
    if token is None:
        return None
    if len(token) > MAX_BEARER or _TOKEN68.fullmatch(token) is None:
        raise InvalidToken("The access token is malformed.")
    return Secret(token)


def challenge(scheme: str, parameters: Mapping[str, str]) -> str:
    """A `WWW-Authenticate` value, as `Bearer realm="…", error="invalid_token"`. RFC 9110 §11.6.1.

    Raises `ValueError` for a name that is no token or a value with control or non-ASCII characters: such a
    value is not ours, and a line break in it would start a new header.
    """
    pairs = [f'{_checked_name(name)}="{_quoted(value)}"' for name, value in parameters.items()]
    return f"{_checked_name(scheme)} {', '.join(pairs)}".rstrip()


def challenges(header: str) -> tuple[Challenge, ...]:
    """The challenges of a `WWW-Authenticate` value, several values joined by commas. RFC 9110 §11.6.1.

    Reading ends where the text is none, with what was read before it: an answer's header is a hint, and half a hint
    may be of use. Of a parameter that is repeated the first counts.
    """
    read: list[Challenge] = []
    parameters: dict[str, str] = {}
    at = _past(_BETWEEN, header, 0)
    while at < min(len(header), MAX_CHALLENGES):
        parameter, scheme = _PARAMETER.match(header, at), _SCHEME.match(header, at)
        if parameter is not None and read:
            name, bare, quoted = parameter.groups()
            parameters.setdefault(name.lower(), bare if bare is not None else _ESCAPED.sub(r"\1", quoted))
            at = parameter.end()
        elif scheme is not None:
            parameters = {}
            read.append(Challenge(scheme[1].lower(), parameters))
            # What other schemes than ours say in one word (`Negotiate YII=`) is passed over.
            at = _past(_CREDENTIAL, header, scheme.end())
        else:
            break
        at = _past(_BETWEEN, header, at)
    return tuple(read)


def _past(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()


def _parameter_of(header: str | None, scheme: str) -> str | None:
    name, _, parameter = (header or "").strip(" \t").partition(" ")
    return parameter.strip(" \t") if name.lower() == scheme else None


def _form_decode(text: str) -> str:
    if _BAD_ESCAPE.search(text) is not None:
        raise InvalidClient("The Basic credentials have a percent sign without two hexadecimal digits.")
    try:
        decoded = unquote_to_bytes(text.replace("+", " ")).decode("ascii")
    except UnicodeDecodeError:
        raise InvalidClient("The Basic credentials are malformed.") from None
    if _VSCHAR.fullmatch(decoded) is None:
        raise InvalidClient("The Basic credentials contain a character that is not allowed.")
    return decoded


def _checked_name(name: str) -> str:
    if _TCHAR.fullmatch(name) is None:
        raise ValueError("not a token of RFC 9110 section 5.6.2")
    return name


def _quoted(value: str) -> str:
    if _VSCHAR.fullmatch(value) is None:
        raise ValueError("a challenge has printable ASCII only")
    return value.replace("\\", "\\\\").replace('"', '\\"')
