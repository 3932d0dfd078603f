"""Redirect URIs: which may be registered, which one is meant, and how an answer is put into one.

RFC 6749 §3.1.2, RFC 8252, RFC 9700 §4.1. URIs are compared, never repaired: every normalisation that a
comparison does and a browser does not (or the reverse) has been an open redirect somewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final, Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode

Kind = Literal["web", "native"]
"""OpenID Connect Registration §2 `application_type`. Private-use schemes are for native applications only."""

MAX_LENGTH: Final = 2000

RESPONSE_PARAMETERS: Final = frozenset(
    {"code", "state", "iss", "error", "error_description", "error_uri", "response", "session_state"}
    | {"access_token", "token_type", "expires_in", "scope", "id_token"}
)
"""What an authorization response may hold; a registered query must not have them already."""

# RFC 3986 without the fragment sign, and without the asterisk, which people write to mean "anything".
_CHARACTERS: Final = re.compile(r"(?:[A-Za-z0-9._~:/?\[\]@!$&'()+,;=-]|%[0-9A-Fa-f]{2})+")
_HIERARCHICAL: Final = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?]*)(?P<path>/[^?]*)?(?:\?(?P<query>.*))?")
_AUTHORITY: Final = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(?P<port>[1-9][0-9]{0,4}))?")
_NAME: Final = re.compile(r"(?=.{1,253}$)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)*(?!-)[a-z0-9-]{1,63}(?<!-)")
_NUMERIC_LABEL: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PRIVATE: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+):(?=/)(?://[A-Za-z0-9._-]*)?"
    # Two slashes are always a host, or a host with a port or user would pass as a path.
    r"(?P<path>/(?!/)[^?]*)?(?:\?(?P<query>.*))?"
)
_LOOPBACK: Final = re.compile(
    r"(?P<host>http://(?:127\.0\.0\.1|\[::1\]|localhost))"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?(?P<rest>(?:[/?].*)?)",
    re.DOTALL,
)
_LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "[::1]", "localhost"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class BadRedirectUri(ValueError):
    """A URI that must not be registered. `remedy` says what to do instead; neither text quotes the URI."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


def check_registrable(uri: str, *, kind: Kind) -> None:
    """Raises `BadRedirectUri` unless `uri` is canonical and safe to redirect to.

    Allowed: https; http to 127.0.0.1, [::1] or localhost (RFC 8252 §7.3); for native applications a
    private-use scheme with a dot in it (RFC 8252 §7.1).
    """
    if len(uri) > MAX_LENGTH:
        raise BadRedirectUri("The redirect URI is too long.", f"Use at most {MAX_LENGTH} characters.")
    if "#" in uri:
        raise BadRedirectUri("The redirect URI has a fragment.", "Remove the # and what follows it.")
    if _CHARACTERS.fullmatch(uri) is None:
        raise BadRedirectUri(
            "The redirect URI has a character that is not allowed.",
            "Use ASCII without spaces, backslashes and asterisks; write anything else percent-encoded.",
        )
    if (parts := _HIERARCHICAL.fullmatch(uri)) is not None:
        _check_authority(parts["scheme"], parts["authority"])
    elif (parts := _PRIVATE.fullmatch(uri)) is not None:
        _check_private(kind)
    else:
        raise BadRedirectUri(
            "The redirect URI's scheme is not allowed.",
            "Use https, http to 127.0.0.1, or for a native application a scheme such as com.example.app:/cb.",
        )
    _check_path(parts["path"] or "")
    _check_query(parts["query"] or "")


def matches(registered: str, presented: str) -> bool:
    """Whether a client that registered the one may use the other.

    They must be the same bytes, but for the port of a loopback URI: a native application cannot know which
    port it will be given. RFC 9700 §4.1.3, RFC 8252 §7.3.
    """
    if registered == presented:
        return True
    known, shown = _LOOPBACK.fullmatch(registered), _LOOPBACK.fullmatch(presented)
    if known is None or shown is None or int(shown["port"] or 80) > 65535:
        return False
    return known["host"] == shown["host"] and known["rest"] == shown["rest"]


def respond(uri: str, parameters: Mapping[str, str]) -> str:
    """The URI to redirect to: `uri` with its query kept and these parameters added. RFC 6749 §4.1.2.

    The values are encoded here and nothing else is added, so a client's `state` cannot bring a parameter of
    its own.
    """
    if "#" in uri:
        raise ValueError("a redirect URI has no fragment")
    _, query_begins, query = uri.partition("?")
    # An ampersand at the end of a path separates nothing.
    joint = "?" if not query_begins else "&" if query and not query.endswith("&") else ""
    return f"{uri}{joint}{urlencode(parameters, quote_via=quote, safe='')}"


def origin(uri: str) -> str | None:
    """What a Content-Security-Policy's `form-action` has to name for a redirect to `uri`, or None.

    `https://host:port`, or `scheme:` for a private-use scheme. The grammar of a policy has no IPv6 address,
    and for what is no registrable URI there is no answer either.
    """
    if (parts := _HIERARCHICAL.fullmatch(uri)) is not None:
        known = _AUTHORITY.fullmatch(parts["authority"])
        if known is None or known["host"].startswith("["):
            return None
        return f"{parts['scheme']}://{parts['authority']}"
    private = _PRIVATE.fullmatch(uri)
    return f"{private['scheme']}:" if private else None


def is_loopback(uri: str) -> bool:
    """Whether the answer goes to a program on the person's own device."""
    return _LOOPBACK.fullmatch(uri) is not None


def _check_authority(scheme: str, authority: str) -> None:
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None or int(parts["port"] or 443) > 65535:
        raise BadRedirectUri(
            "The redirect URI's host or port is malformed.",
            "Use a lower-case host name without user information, and a port from 1 to 65535.",
        )
    host = parts["host"]
    if scheme == "http" and host not in _LOOPBACK_HOSTS:
        raise BadRedirectUri("The redirect URI is not encrypted.", "Use https, or http with 127.0.0.1 or [::1].")
    if not (_canonical_v6(host) if host.startswith("[") else _canonical_name(host)):
        raise BadRedirectUri(
            "The redirect URI's host is neither a name nor a canonical address.",
            "Use a host name, four decimal numbers, or a compressed IPv6 address in brackets.",
        )


def _canonical_v6(host: str) -> bool:
    try:
        address = IPv6Address(host[1:-1])
    except AddressValueError:
        return False
    # [::ffff:127.0.0.1] is 127.0.0.1 in a coat.
    return address.compressed == host[1:-1] and address.ipv4_mapped is None and not address.is_unspecified


def _canonical_name(host: str) -> bool:
    if _NUMERIC_LABEL.fullmatch(host.rpartition(".")[2]) is None:
        return _NAME.fullmatch(host) is not None
    # Browsers read any name that ends in a number as an IPv4 address: 127.1, 0x7f.1, 2130706433.
    try:
        return not IPv4Address(host).is_unspecified
    except AddressValueError:
        return False


def _check_private(kind: Kind) -> None:
    if kind != "native":
        raise BadRedirectUri(
            "A private-use scheme is for native applications.",
            "Use https, or register the client as a native (public) one.",
        )


def _check_path(path: str) -> None:
    for segment in path.split("/"):
        plain = unquote(segment, errors="replace")
        # `..;x` is `..` to some servers; a slash or a percent sign still to be decoded may hide another.
        if plain.partition(";")[0] in (".", "..") or not {"/", "\\", "%"}.isdisjoint(plain) or _CONTROL.search(plain):
            raise BadRedirectUri(
                "The redirect URI's path is ambiguous.",
                "Remove dot segments and encoded slashes, backslashes, percent signs and control characters.",
            )


def _check_query(query: str) -> None:
    if _CONTROL.search(unquote(query, errors="replace")) is not None:
        raise BadRedirectUri("The redirect URI's query has control characters.", "Remove them.")
    names = {name for name, _ in parse_qsl(query, keep_blank_values=True)}
    if not RESPONSE_PARAMETERS.isdisjoint(names):
        raise BadRedirectUri(
            "The redirect URI's query has a parameter that the answer will have.",
            "Rename parameters such as code, state, iss and error.",
        )
