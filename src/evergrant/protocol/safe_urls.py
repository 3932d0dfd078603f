"""Which addresses may be believed, and may see a secret: what is said there is nobody else's on its way."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit

_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_safe(parts: SplitResult) -> bool:
    """Whether it is https, or http that does not leave this machine."""
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)


def is_safe_url(url: str) -> bool:
    """Whether it is a URL of that kind, with a host and without a user."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and parts.username is None and is_safe(parts)
