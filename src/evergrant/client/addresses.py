"""Where tokens may travel to: over https, or within this machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from evergrant.client.errors import ProtocolError, WrongDestination
from evergrant.protocol.safe_urls import is_safe

_PORTS: Final = {"https": 443, "http": 80}


def check_url(url: str) -> None:
    """For an address of an issuer. Raises ProtocolError unless it is https, or http to this machine."""
    parts = _parts(url)
    if parts is None or parts.username is not None:
        raise ProtocolError("an address of the issuer is no URL, or holds a user name")
    if not is_safe(parts):
        raise ProtocolError(f"{parts.scheme}://{parts.hostname} is not encrypted: only https, or http on loopback, is")


class Destinations:
    """Who may see an access token: the origins in `to`, or, without it, whomever the caller sends requests to."""

    def __init__(self, to: Iterable[str] | None) -> None:
        self._origins = None if to is None else frozenset(map(_given_origin, to))

    def check(self, url: str) -> None:
        """Raises WrongDestination. The request is then not sent at all: without its token it would be another one."""
        parts = _parts(url)
        if parts is None or not is_safe(parts):
            raise WrongDestination("the token is not sent: only https, or http on loopback, is safe")
        if self._origins is not None and _origin(parts) not in self._origins:
            raise WrongDestination(f"the token is not for {parts.scheme}://{parts.netloc.rpartition('@')[2]}")


def _given_origin(url: str) -> tuple[str, str, int]:
    parts = _parts(url)
    if parts is None or parts.path not in ("", "/") or parts.query or not is_safe(parts):
        raise ValueError(f"{url!r} is no origin such as https://api.example.com")
    return _origin(parts)


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def _parts(url: str) -> SplitResult | None:
    """None for what is no URL with a host."""
    try:
        parts = urlsplit(url)
        # Asking for the port checks it.
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None
