"""Fetches small JSON documents over HTTP, for keys and introspection. Nothing but the standard library.

Blocking: callers run it in a thread of their own.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.error import HTTPError
from urllib.request import (
    BaseHandler,
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from evergrant.jose.strict_json import read_object
from evergrant.protocol.safe_urls import is_safe_url

MOST_BYTES: Final = 256 * 1024
TIMEOUT_S: Final = 5.0


class FetchFailed(Exception):
    """No document; the text says why and holds no secret. `retry_after_s` is what the server asked for, if it did."""

    def __init__(self, why: str, retry_after_s: int | None = None) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document. `document` is None for 304: it is what it was. Header names are in lower case."""

    document: Mapping[str, object] | None
    headers: Mapping[str, str] = field(default_factory=dict)


class Fetch(Protocol):
    """Gets or posts, and reads a JSON object."""

    def __call__(self, url: str, headers: Mapping[str, str], form: bytes | None = None, /) -> Fetched:
        """POST if there is a form, else GET. Raises FetchFailed unless a JSON object comes with status 200, or 304."""
        ...


class UrlFetch:
    """A Fetch by urllib: https, or http on loopback only; no redirects; at most 256 KiB, within 5 s a step.

    `context`: the certificates to trust; default: the system's. Proxies are taken from the environment.
    """

    __slots__ = ("_opener",)

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._opener = OpenerDirector()
        # Not `build_opener`: that also follows redirects, reads files and speaks FTP. Keys come from where the issuer
        # said, not from where somebody points next.
        handlers: tuple[BaseHandler, ...] = (
            ProxyHandler(),
            HTTPHandler(),
            HTTPSHandler(context=context),
            HTTPErrorProcessor(),
            HTTPDefaultErrorHandler(),
        )
        for handler in handlers:
            self._opener.add_handler(handler)

    def __call__(self, url: str, headers: Mapping[str, str], form: bytes | None = None, /) -> Fetched:
        """See Fetch."""
        if not is_safe_url(url):
            raise FetchFailed("the address is neither https nor http on this machine")
        request = Request(url, data=form, headers={"Accept": "application/json", **headers})  # noqa: S310  the scheme was checked on the line above
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                body = answer.read(MOST_BYTES + 1)
                told = {name.lower(): value for name, value in answer.headers.items()}
        except HTTPError as error:
            with error:
                if error.code == 304:
                    return Fetched(None, {name.lower(): value for name, value in error.headers.items()})
                raise FetchFailed(f"status {error.code}", _seconds(error.headers.get("Retry-After"))) from None
        except (OSError, http.client.HTTPException, ValueError) as problem:
            # No cause: it may quote a header.
            raise FetchFailed(f"no answer ({type(problem).__name__})") from None
        if len(body) > MOST_BYTES:
            raise FetchFailed("the document is larger than 256 KiB")
        try:
            return Fetched(read_object(body), told)
        except ValueError:
            raise FetchFailed("the document is not a JSON object") from None


def _seconds(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 6 else None
