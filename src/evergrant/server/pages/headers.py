"""The security headers of a page, and what may stand in its ``form-action``.

A page may load our own style sheet and images and nothing else: no script, no frame, no font, no request elsewhere.
Only the playground adds our own script and requests to our own origin.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, assert_never

from evergrant.protocol import redirects


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
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_POWERS: Final = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")

# What `form_action_origin` makes: an origin with a name or an IPv4 address, or a scheme alone. A private-use scheme has
# a dot (RFC 8252 §7.1), which also keeps `javascript:` and `data:` out.
_SOURCE: Final = re.compile(
    r"https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?|https?:|[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:"
)


def headers(kind: PageKind, form_action_origin: str | None, *, https: bool) -> dict[str, str]:
    """The headers of one page (S-010, S-011, S-126; RFC 9700 §4.16).

    Raises ValueError where ``form_action_origin`` is not an origin: it would be a hole in the policy.
    """
    result = dict(_ALWAYS)
    result["Content-Security-Policy"] = content_security_policy(kind, form_action_origin)
    clipboard = "clipboard-write=(self)" if kind is PageKind.PLAYGROUND else "clipboard-write=()"
    if kind is PageKind.PLAYGROUND:
        # Not on the pages of a flow: a client that opened them in a popup would lose its `window.opener` (S-126).
        result["Cross-Origin-Opener-Policy"] = "same-origin"
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
    """``origin``, proven to be one source expression of a policy. Raises ValueError where it is not."""
    if _SOURCE.fullmatch(origin) is None:
        raise ValueError("not an origin that a Content-Security-Policy can name")
    return origin


def form_action_origin(redirect_uri: str) -> str | None:
    """What a view's ``form_action_origin`` has to be for this proven redirect URI; None where it is no redirect URI.

    The grammar of a policy has no place for an IPv6 literal: Chromium ignores such a source and blocks the form, and
    a native app that listens on ``[::1]`` would wait for ever. The scheme is named instead; the form's own address is
    fixed and ours, so nothing else is let out.
    """
    scheme, separator, _ = redirect_uri.partition("//[")
    if separator and scheme in ("http:", "https:"):
        return scheme
    return redirects.origin(redirect_uri)
