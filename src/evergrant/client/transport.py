"""Carries requests to an issuer: over https, in bounded time, with answers of bounded size, and never redirected."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

import httpx2

from evergrant import __version__
from evergrant.client.addresses import check_url
from evergrant.client.errors import IssuerUnavailable, ProtocolError
from evergrant.client.exchange import Answer, Request
from evergrant.client.world import Clock

CONNECT_S: Final = 5.0
READ_S: Final = 10.0
WHOLE_S: Final = 15.0
"""From the first byte sent to the last one read: `READ_S` alone never ends where a server sends a byte now and then."""
LARGEST_ANSWER: Final = 256 * 1024

_TIMEOUT: Final = httpx2.Timeout(READ_S, connect=CONNECT_S)
# Not compressed: a small answer could otherwise become a large one here.
_HEADERS: Final = {"User-Agent": f"evergrant/{__version__}", "Accept-Encoding": "identity"}


class NotReached(IssuerUnavailable):
    """No request was sent."""


class AnswerLost(IssuerUnavailable):
    """The request may have arrived; its answer did not."""


class Transport:
    """Sends requests. `http` is for issuers that need a proxy or certificates of their own."""

    def __init__(self, http: httpx2.Client | None, clock: Clock, stopwatch_s: Callable[[], float]) -> None:
        self._given = http
        self._own: tuple[int, httpx2.Client] | None = None
        self.clock = clock
        self._stopwatch_s = stopwatch_s

    def send(self, request: Request) -> Answer:
        """Raises NotReached, AnswerLost; ProtocolError for a URL that is not safe or an answer that is too large."""
        check_url(request.url)
        # Made by hand: cookies that one answer sets are then not sent with another session's request.
        asked = httpx2.Request(
            request.method,
            request.url,
            headers={**_HEADERS, **request.headers},
            content=request.body,
            extensions={"timeout": _TIMEOUT.as_dict()},
        )
        host = asked.url.host
        sent_at, started_s = self.clock(), self._stopwatch_s()
        try:
            answer = self._http().send(asked, stream=True, auth=None, follow_redirects=False)
            try:
                body = self._read(answer, started_s)
            finally:
                answer.close()
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as problem:
            raise NotReached(f"{host} cannot be reached ({type(problem).__name__})") from None
        except httpx2.HTTPError as problem:
            raise AnswerLost(f"{host} did not answer ({type(problem).__name__})") from None
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status_code, headers, body, sent_at)

    def _http(self) -> httpx2.Client:
        if self._given is not None:
            return self._given
        own = self._own
        # In a forked child a thread that is not there may hold the lock of its parent's for ever.
        if own is None or own[0] != os.getpid():
            own = self._own = (os.getpid(), _new_client())
        return own[1]

    def _read(self, answer: httpx2.Response, started_s: float) -> bytes:
        body = bytearray()
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > LARGEST_ANSWER:
                raise ProtocolError(f"the answer is larger than {LARGEST_ANSWER // 1024} KB")
            if self._stopwatch_s() - started_s > WHOLE_S:
                raise AnswerLost(f"the answer took longer than {WHOLE_S:.0f} s")
        return bytes(body)


def _new_client() -> httpx2.Client:
    # No connection is kept: one that the server has closed just now looks like a lost answer, and one that was opened
    # before a fork would be used by two processes.
    return httpx2.Client(limits=httpx2.Limits(max_keepalive_connections=0))
