"""What stands before every endpoint: its realm, its methods, CORS, and the shape of its errors."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from evergrant.core.ports.reader import StoreUnavailable
from evergrant.core.reasons import Reason
from evergrant.protocol.errors import InvalidRequest, MethodNotAllowed, OAuthError, TemporarilyUnavailable
from evergrant.server.http import cors
from evergrant.server.http.answering import error_answer
from evergrant.server.http.reading import call, serving
from evergrant.server.issuer import Issuer
from evergrant.server.pages.views import ErrorView

Endpoint = Callable[[Request], Awaitable[Response]]
Shape = Literal["json", "page"]
DEFAULT_REALM = "default"


class NotHere(InvalidRequest):
    """The path leads nowhere, or to a realm that does not exist. RFC 9110 §15.5.5."""

    status = 404


@dataclass(frozen=True, slots=True)
class Door:
    """An endpoint as an ASGI application. `realm`: whether it belongs to a realm, else to the whole server."""

    name: str
    endpoint: Endpoint
    methods: tuple[str, ...]
    shape: Shape = "json"
    cross_origin: bool = False
    realm: bool = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["evergrant.endpoint"] = self.name
        request = Request(scope, receive)
        response = await self._answer(request)
        if self.cross_origin:
            cors.allow(request, response)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        method = request.method
        if self.cross_origin and method == "OPTIONS":
            return cors.preflight(self.methods)
        issuer: Issuer | None = None
        try:
            if self.realm:
                issuer = await self._find(request)
            if method not in self.methods and not (method == "HEAD" and "GET" in self.methods):
                raise MethodNotAllowed("This method is not for this endpoint.", allow=self.methods)
            return await self.endpoint(request)
        except OAuthError as error:
            return self._refused(request, error, issuer)
        except StoreUnavailable as failure:
            serving(request).metrics.store_failures.inc()
            serving(request).journal.logger.error(
                "store_unavailable", correlation_id=call(request).correlation_id, cause=str(failure)
            )
            down = TemporarilyUnavailable("The store cannot be reached; try again.", reason=Reason.STORE_DOWN)
            return self._refused(request, down, issuer)

    async def _find(self, request: Request) -> Issuer:
        named = request.path_params.get("realm")
        # The default realm has one issuer URL, the root: a second spelling would be a second issuer to others.
        found = None if named == DEFAULT_REALM else await serving(request).issuers.find(named or DEFAULT_REALM)
        if found is None:
            raise NotHere("There is no such realm.")
        request.scope["evergrant.issuer"] = found
        return found

    def _refused(self, request: Request, error: OAuthError, issuer: Issuer | None) -> Response:
        correlation_id = call(request).correlation_id
        serving(request).journal.refused(call(request), self.name, error)
        if self.shape == "page" and issuer is not None:
            return error_page(issuer, error, correlation_id)
        return error_answer(error, correlation_id, realm="evergrant" if issuer is None else issuer.realm_name)


def error_page(issuer: Issuer, error: OAuthError, correlation_id: str) -> Response:
    """The page a person sees when nothing may be sent to the client (S-002)."""
    view = ErrorView("This did not work", error.description, correlation_id, realm_name=issuer.title)
    page = issuer.pages.error(view)
    retry = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TemporarilyUnavailable) else {}
    return Response(
        page.html, status_code=error.status, headers={**page.headers, **retry}, media_type="text/html; charset=utf-8"
    )
