"""The security headers of a page, and what may stand in its ``form-action``.

A page may load our own style sheet and images and nothing else: no script, no frame, no font, no request elsewhere.
Only the playground adds our own script and requests to our own origin.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, assert_never
from urllib.parse import urlsplit


class PageKind(Enum):
    """What a page needs of the browser."""

    DOCUMENT = "document"
    """Text, links and plain forms; works without JavaScript."""
    PLAYGROUND = "playground"
    """The development mode's playground: our own script, and fetch to our own endpoints."""


HSTS: Final = "max-age=31536000"  # a year; without includeSubDomains: the neighbours' schemes are not ours to decide

_ALWAYS: Final = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_POWERS: Final = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")

# RFC 3986 §3.2.2 host names and IPv4, and a port; user information is not an origin and is not accepted.
_NAMED_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")
_IPV6_ORIGIN: Final = re.compile(r"(https?:)//\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")
# RFC 8252 §7.1: private-use schemes contain a dot. That also keeps `javascript:` and `data:` out.
_PRIVATE_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+-]*(?:\.[A-Za-z0-9+-]+)+:")


def headers(kind: PageKind, form_action_origin: str | None, *, https: bool) -> dict[str, str]:
    """The headers of one page (S-010, S-011, S-126; RFC 9700 §4.16).

    Raises ValueError where ``form_action_origin`` is not an origin: it would be a hole in the policy.
    """
    result = dict(_ALWAYS)
    result["Content-Security-Policy"] = content_security_policy(kind, form_action_origin)
    clipboard = "clipboard-write=(self)" if kind is PageKind.PLAYGROUND else "clipboard-write=()"
    result["Permissions-Policy"] = ", ".join([*(f"{power}=()" for power in _POWERS), clipboard])
    if https:
        result["Strict-Transport-Security"] = HSTS
    return result


def content_security_policy(kind: PageKind, form_action_origin: str | None) -> str:
    """The policy as one header value. Raises ValueError where the origin could add a directive of its own."""
    form_action = "'self'" if form_action_origin is None else f"'self' {csp_source(form_action_origin)}"
    directives = [
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        f"form-action {form_action}",
    ]
    match kind:
        case PageKind.DOCUMENT:
            pass
        case PageKind.PLAYGROUND:
            directives += ["script-src 'self'", "connect-src 'self'"]
        case _:
            assert_never(kind)
    return "; ".join(directives)


def csp_source(origin: str) -> str:
    """``origin`` as a source expression of Content Security Policy. Raises ValueError where it is not an origin.

    The grammar of CSP has no place for an IPv6 literal: browsers drop such a source, and a native app that listens
    on ``[::1]`` would wait for ever. Its scheme is named instead; the form's own address is fixed and ours.
    """
    if _NAMED_ORIGIN.fullmatch(origin) or _PRIVATE_SCHEME.fullmatch(origin):
        return origin
    if literal := _IPV6_ORIGIN.fullmatch(origin):
        return literal.group(1)
    raise ValueError("not an origin that a Content-Security-Policy can name")


def origin_of(redirect_uri: str) -> str:
    """The ``form_action_origin`` of a proven redirect URI: scheme, host and port, or the private-use scheme alone."""
    parts = urlsplit(redirect_uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def is_safe_link(url: str) -> bool:
    """May this proven redirect URI stand in a link? ``javascript:`` and ``data:`` may not, whoever registered them."""
    try:
        csp_source(origin_of(url))
    except ValueError:
        return False
    return True
