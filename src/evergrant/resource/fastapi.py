"""A guard as a dependency of FastAPI: in types, in the documentation, and behind its Authorize button.

    from typing import Annotated
    from fastapi import Depends, FastAPI, Security
    from evergrant.resource import AccessToken, Guard, Resource
    from evergrant.resource.fastapi import FastAPIGuard

    notes = FastAPIGuard(Guard(Resource("https://notes.example/api", issuer="https://login.example.com")))
    app = FastAPI()
    notes.install(app)

    @app.get("/notes")
    async def list_notes(token: Annotated[AccessToken, Security(notes, scopes=["notes:read"])]) -> dict[str, str]:
        return {"of": token.subject}

    @app.delete("/notes", dependencies=[Depends(notes.require("notes:write", max_age_s=300))])
    async def delete_notes() -> None: ...

Endpoints may be coroutines or not. The issuer is not asked when the program starts.
"""

# No `annotations` from the future: FastAPI reads those of an object's `__call__` as they are, and cannot resolve texts.
import json
from collections.abc import Awaitable, Callable
from typing import Any, Unpack, cast

from fastapi import FastAPI, HTTPException, Security
from fastapi.openapi.models import OpenIdConnect
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection
from starlette.responses import Response

from evergrant.protocol.provider import well_known_urls
from evergrant.resource import starlette
from evergrant.resource.access_token import AccessToken
from evergrant.resource.guard import Guard
from evergrant.resource.refusals import Answer, Refused
from evergrant.resource.requirements import ANY_TOKEN, Conditions, Requirement, require


class NotAdmitted(HTTPException):
    """The request is not let in; `answer` is what the caller is told.

    Where `FastAPIGuard.install` was not called, FastAPI itself answers: with this status and these headers, the body's
    members within `detail`.
    """

    def __init__(self, answer: Answer) -> None:
        headers = {name: value for name, value in answer.headers if name != "Content-Type"}
        super().__init__(answer.status, json.loads(answer.body), headers)
        self.answer = answer


class _Judge(SecurityBase):
    """Admits a request or raises NotAdmitted. Each is a dependency, and all are one scheme of the documentation."""

    def __init__(self, guard: Guard, needs: Requirement, scheme_name: str) -> None:
        self.guard = guard
        self.scheme_name = scheme_name
        # Only the address: nobody is asked when the program starts.
        self.model = OpenIdConnect(
            openIdConnectUrl=well_known_urls(guard.resource.issuer)[0], description=guard.resource.name
        )
        self._needs = needs
        # By the scopes of the `Security` around: as many as the program has operations.
        self._wanted: dict[tuple[str, ...], Requirement] = {}

    async def __call__(self, connection: HTTPConnection, scopes: SecurityScopes) -> AccessToken:
        """The token of the request, which has the scopes of all `Security` around. For WebSockets, too."""
        asked = tuple(scopes.scopes)
        needs = self._wanted.get(asked)
        if needs is None:
            needs = self._wanted[asked] = require(*asked) & self._needs
        try:
            token = await self.guard.admit_async(starlette.authorization(connection), needs)
        except Refused as refused:
            raise NotAdmitted(self.guard.refuse(refused)) from None
        starlette.remember(connection, token)
        return token


class FastAPIGuard(_Judge):
    """A guard for `Security(…, scopes=[…])`, or for `Depends(….require(…))` where more than scopes is needed.

    `scheme_name` is what the documentation calls it: an application with several APIs gives each its own. Two
    guards at one operation are asked one after another, and a client may be sent for a new token twice: scopes that
    belong together are best named together.
    """

    def __init__(self, guard: Guard, *, scheme_name: str = "OpenID Connect") -> None:
        super().__init__(guard, ANY_TOKEN, scheme_name)

    def require(
        self, *scopes: str, needs: Requirement = ANY_TOKEN, **conditions: Unpack[Conditions]
    ) -> Callable[..., Awaitable[AccessToken]]:
        """A dependency: the token, with all `scopes`, with what else is named (see `evergrant.resource.require`) and
        with what `needs` says.
        """
        wanted = require(*scopes, **conditions) & needs
        judge = Security(_Judge(self.guard, wanted, self.scheme_name), scopes=list(wanted.scopes))

        async def admitted(token: AccessToken = judge) -> AccessToken:
            return token

        return admitted

    def install(self, app: FastAPI, *, docs_client_id: str | None = None) -> None:
        """Answer as every adapter does, serve the API's own document (RFC 9728), and set up the Authorize button.

        `docs_client_id`: a public client whose redirect URI is `/docs/oauth2-redirect` of this application. The button
        uses PKCE and asks for a token for this API (RFC 8707), with its scopes chosen; what the application has set for
        itself stays.
        """
        app.add_exception_handler(NotAdmitted, _answer)
        if self.guard.resource.metadata_path is not None:
            # Before all others: one of them may match any path.
            app.router.routes.insert(0, starlette.metadata_route(self.guard))
        usual: dict[str, Any] = {
            "usePkceWithAuthorizationCodeGrant": True,
            "additionalQueryStringParams": {"resource": self.guard.resource.audience},
            "scopes": list(self.guard.resource.scopes),
        }
        if docs_client_id is not None:
            usual["clientId"] = docs_client_id
        app.swagger_ui_init_oauth = usual | (app.swagger_ui_init_oauth or {})


async def _answer(_connection: HTTPConnection, problem: Exception) -> Response:
    return starlette.response(cast(NotAdmitted, problem).answer)
