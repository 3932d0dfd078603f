"""Flask: views that need an access token.

    from flask import Flask
    from evergrant.resource import Guard, Resource
    from evergrant.resource.flask import FlaskGuard, current_token

    notes = FlaskGuard(Guard(Resource("https://notes.example/api", issuer="https://login.example.com")))
    app = Flask(__name__)
    notes.init_app(app)

    @app.get("/notes")
    @notes.require("notes:read")
    def list_notes():
        return {"of": current_token.subject}

The route is named first, the requirement below it: Flask registers what it is handed. Views may be coroutines.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, ParamSpec, Unpack, cast

from flask import Flask, Response, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.local import LocalProxy

from evergrant.resource.access_token import AccessToken
from evergrant.resource.guard import Guard
from evergrant.resource.refusals import Answer, Refused
from evergrant.resource.requirements import ANY_TOKEN, Conditions, Requirement, require

_P = ParamSpec("_P")
_View = Callable[_P, ResponseReturnValue | Awaitable[ResponseReturnValue]]

# In the environment of the request: `flask.g` may outlive it, as in a test that holds an application context.
_HERE: Final = "evergrant.access_token"


def _shown() -> AccessToken:
    token = request.environ.get(_HERE)
    if not isinstance(token, AccessToken):
        raise RuntimeError("current_token is there only once `require` or `admit` has let the request in")
    return token


current_token: Final[AccessToken] = cast(AccessToken, LocalProxy(_shown))
"""The access token of this request. Raises RuntimeError where nothing has asked for one."""


class FlaskGuard:
    """A guard at the views of Flask applications and blueprints.

    It keeps nothing of an application: made once beside the views, it may serve several made by a factory.
    """

    def __init__(self, guard: Guard, app: Flask | None = None) -> None:
        self.guard = guard
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Serve the API's own document (RFC 9728 §3), and answer what `admit` refuses.

        The document's address begins at the root of the host: an application that is mounted below it serves it in
        vain, and the application at the root has to.
        """
        app.register_error_handler(Refused, lambda refused: _response(self.guard.refuse(refused)))
        path = self.guard.resource.metadata_path
        if path is not None:
            path = path.partition("?")[0]
            app.add_url_rule(
                path,
                # One name for each document: an application may be several APIs.
                endpoint=f"evergrant-metadata:{path}",
                view_func=lambda: _response(self.guard.metadata(request.method)),
                # All of them: what is not for this document is answered as everywhere else, too.
                methods=["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"],
                provide_automatic_options=False,
            )

    def admit(self, needs: Requirement = ANY_TOKEN) -> AccessToken:
        """Let this request in, from within a view or for a whole blueprint.

            @blueprint.before_request
            def only_editors():
                notes.admit(require("notes:write", roles=["editor"]))

        Raises Refused, which `init_app` answers.
        """
        token = self.guard.admit(request.headers.getlist("Authorization"), needs)
        request.environ[_HERE] = token
        return token

    def require(
        self, *scopes: str, needs: Requirement = ANY_TOKEN, **conditions: Unpack[Conditions]
    ) -> Callable[[_View[_P]], Callable[_P, ResponseReturnValue]]:
        """A decorator: who lacks the scopes or what else is named is refused.

            @notes.require("payments", acr=["phr"], max_age_s=300)
            @notes.require(needs=any_of("notes:read", "notes:admin"))

        The conditions are those of `evergrant.resource.require`.
        """
        wanted = require(*scopes, **conditions) & needs

        def protect(view: _View[_P]) -> Callable[_P, ResponseReturnValue]:
            @wraps(view)
            def protected(*args: _P.args, **kwargs: _P.kwargs) -> ResponseReturnValue:
                try:
                    self.admit(wanted)
                except Refused as refused:
                    # Answered here, not by a handler: one of a blueprint for all exceptions would come first.
                    return _response(self.guard.refuse(refused))
                answer: Any = current_app.ensure_sync(view)(*args, **kwargs)
                return cast(ResponseReturnValue, answer)

            return protected

        return protect


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, list(answer.headers))
