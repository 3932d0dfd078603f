"""How a request of httpx or httpx2 gets its token, and is sent again: their classes differ, what is done does not."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterable, Mapping, MutableMapping
from typing import ClassVar, Generic, Protocol, TypeVar

from evergrant.client.addresses import Destinations
from evergrant.client.auth.kept import KeptSession
from evergrant.client.auth.refusals import is_refused
from evergrant.client.keeper import Valid
from evergrant.client.tokens import TokenSet


class AnyRequest(Protocol):
    """A request of either."""

    @property
    def url(self) -> object:
        """As text, the address."""
        ...

    @property
    def headers(self) -> MutableMapping[str, str]:
        """To be changed."""
        ...

    @property
    def content(self) -> bytes:
        """Raises if the body is not at hand."""
        ...


class AnyResponse(Protocol):
    """A response of either."""

    @property
    def status_code(self) -> int:
        """Of HTTP."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """By name, without case."""
        ...

    @property
    def request(self) -> object:
        """What was answered."""
        ...


Q = TypeVar("Q", bound=AnyRequest)
R = TypeVar("R", bound=AnyResponse)


class BearerFlow(Generic[Q, R]):
    """A request whose token is refused is sent once more with a new one, if its body can be: one that was given as a
    generator or a file is gone. A redirect is followed without the token where it leads to another origin, and is not
    sent again: what it did on its way is done.
    """

    # What `content` raises for a body that is not at hand.
    not_read: ClassVar[type[Exception]]

    def __init__(self, session: KeptSession, *, to: Iterable[str] | None = None) -> None:
        self._keeping = session.keeping
        self._destinations = Destinations(to)

    def sync_auth_flow(self, request: Q) -> Generator[Q, R, None]:
        """Raises WrongDestination, and what `Session.tokens` raises."""
        self._destinations.check(str(request.url))
        tokens = self._keeping.get(Valid())
        _put(request, tokens)
        response = yield request
        if self._may_be_repaired(request, response):
            newer = self._keeping.get(Valid(tokens.access_token))
            if newer.access_token != tokens.access_token:
                _put(request, newer)
                yield request

    async def async_auth_flow(self, request: Q) -> AsyncGenerator[Q, R]:
        """As `sync_auth_flow`."""
        self._destinations.check(str(request.url))
        tokens = await self._keeping.aget(Valid())
        _put(request, tokens)
        response = yield request
        if self._may_be_repaired(request, response):
            newer = await self._keeping.aget(Valid(tokens.access_token))
            if newer.access_token != tokens.access_token:
                _put(request, newer)
                yield request

    def _may_be_repaired(self, request: Q, response: R) -> bool:
        # After a redirect it is another request that was answered.
        if response.request is not request:
            return False
        said = response.headers.get("www-authenticate")
        return is_refused(response.status_code, said) and self._can_be_repeated(request)

    def _can_be_repeated(self, request: Q) -> bool:
        try:
            # Only a body that is at hand as bytes can be read.
            _ = request.content
        except self.not_read:
            return False
        return True


def _put(request: AnyRequest, tokens: TokenSet) -> None:
    request.headers["Authorization"] = f"Bearer {tokens.access_token.reveal()}"
