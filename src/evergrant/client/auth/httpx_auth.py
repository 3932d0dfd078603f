"""For httpx, its Client and its AsyncClient. The same as for httpx2, whose classes are not httpx's."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterable

import httpx

from evergrant.client.addresses import Destinations
from evergrant.client.auth.kept import KeptSession
from evergrant.client.auth.refusals import is_refused
from evergrant.client.keeper import Valid
from evergrant.client.tokens import TokenSet


class HttpxAuth(httpx.Auth):
    """`httpx.Client(auth=…)`, `httpx.AsyncClient(auth=…)`.

    A request whose token is refused is sent once more with a new one, if its body can be: one that was given as a
    generator or a file is gone. A redirect is followed without the token where it leads to another origin, and is not
    sent again: what it did on its way is done.
    """

    def __init__(self, session: KeptSession, *, to: Iterable[str] | None = None) -> None:
        self._keeping = session.keeping
        self._destinations = Destinations(to)

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Raises WrongDestination, and what `Session.tokens` raises."""
        self._destinations.check(str(request.url))
        tokens = self._keeping.get(Valid())
        _put(request, tokens)
        response = yield request
        if _may_be_repaired(request, response):
            newer = self._keeping.get(Valid(tokens.access_token))
            if newer.access_token != tokens.access_token:
                _put(request, newer)
                yield request

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """As `sync_auth_flow`."""
        self._destinations.check(str(request.url))
        tokens = await self._keeping.aget(Valid())
        _put(request, tokens)
        response = yield request
        if _may_be_repaired(request, response):
            newer = await self._keeping.aget(Valid(tokens.access_token))
            if newer.access_token != tokens.access_token:
                _put(request, newer)
                yield request


def _put(request: httpx.Request, tokens: TokenSet) -> None:
    request.headers["Authorization"] = f"Bearer {tokens.access_token.reveal()}"


def _may_be_repaired(request: httpx.Request, response: httpx.Response) -> bool:
    # After a redirect it is another request that was answered.
    if response.request is not request:
        return False
    return is_refused(response.status_code, response.headers.get("www-authenticate")) and _can_be_repeated(request)


def _can_be_repeated(request: httpx.Request) -> bool:
    try:
        # Only a body that is at hand as bytes can be read.
        _ = request.content
    except httpx.RequestNotRead:
        return False
    return True
