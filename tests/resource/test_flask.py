"""The Flask adapter: the suite of all adapters, and what is Flask's own."""

from collections.abc import Iterator
from typing import ClassVar

import pytest
from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue
from flask.views import MethodView

from evergrant.resource import AccessToken, any_of, require
from evergrant.resource.flask import FlaskGuard, current_token
from evergrant.testing.issuer import FakeIssuer
from tests.resource.behaviour import (
    METADATA,
    METADATA_PATH,
    NEEDS,
    NOTES,
    NOW_S,
    OPEN,
    Api,
    ApiBehaviour,
    notes_guard,
    now,
    said,
)
from tests.resource.serving import wsgi_served

notes = FlaskGuard(notes_guard())


def make_app() -> Flask:
    """The small API of the suite."""
    app = Flask(__name__)
    FlaskGuard(notes.guard, app)
    app.add_url_rule("/open", view_func=lambda: OPEN, endpoint="/open")
    for path, needs in NEEDS.items():
        app.add_url_rule(path, view_func=notes.require(needs=needs)(tell), endpoint=path)
    return app


def tell() -> ResponseReturnValue:
    return said(current_token)


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with wsgi_served(make_app()) as port:
        yield Api(port, notes.guard)


class TestFlask(ApiBehaviour):
    """Flask, on the WSGI server of the standard library."""


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    issuer = FakeIssuer(NOTES, clock=now)
    with issuer.trusted_by(notes.guard):
        yield issuer


@pytest.fixture
def app() -> Flask:
    app = make_app()
    app.testing = True
    return app


def test_a_view_may_be_a_coroutine(app: Flask, issuer: FakeIssuer) -> None:
    @app.get("/coroutine")
    @notes.require("notes:read")
    async def coroutine() -> ResponseReturnValue:
        return said(current_token)

    admitted = app.test_client().get("/coroutine", headers=issuer.headers(scope="notes:write"))
    refused = app.test_client().get("/coroutine")

    assert (admitted.status_code, admitted.json and admitted.json["scopes"]) == (200, ["notes:read", "notes:write"])
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, f'Bearer scope="notes:read", {METADATA}')


def test_a_class_of_views_is_decorated_as_any_other(app: Flask, issuer: FakeIssuer) -> None:
    class Note(MethodView):
        decorators: ClassVar = [notes.require("notes:read")]

        def get(self, number: int) -> ResponseReturnValue:
            return {"number": number, "of": current_token.subject}

    app.add_url_rule("/notes/<int:number>", view_func=Note.as_view("note"))

    admitted = app.test_client().get("/notes/7", headers=issuer.headers(scope="notes:read", sub="ada"))

    assert admitted.json == {"number": 7, "of": "ada"}
    assert app.test_client().get("/notes/7").status_code == 401


def test_scopes_conditions_and_a_requirement_of_its_own_are_needed_together(app: Flask, issuer: FakeIssuer) -> None:
    @app.get("/all-of-it")
    @notes.require("notes:write", roles=["editor"], needs=any_of("notes:share", "notes:admin"))
    def all_of_it() -> ResponseReturnValue:
        return OPEN

    def status(scope: str, *roles: str) -> int:
        return app.test_client().get("/all-of-it", headers=issuer.headers(scope=scope, roles=roles)).status_code

    assert status("notes:write notes:share", "editor") == 200
    assert status("notes:write", "editor") == 403
    assert status("notes:share", "editor") == 403
    assert status("notes:write notes:share") == 403


def test_a_whole_blueprint_is_protected_before_its_requests(app: Flask, issuer: FakeIssuer) -> None:
    inside = Blueprint("inside", __name__)

    @inside.before_request
    def only_editors() -> None:
        notes.admit(require(roles=["editor"]))

    @inside.get("/inside")
    def view() -> ResponseReturnValue:
        return said(current_token)

    app.register_blueprint(inside)

    admitted = app.test_client().get("/inside", headers=issuer.headers(roles=["editor"], sub="ada"))
    refused = app.test_client().get("/inside", headers=issuer.headers())
    nobody = app.test_client().get("/inside")

    assert (admitted.status_code, admitted.json and admitted.json["sub"]) == (200, "ada")
    assert (refused.status_code, refused.json and refused.json["error"]) == (403, "access_denied")
    assert (nobody.status_code, nobody.headers["WWW-Authenticate"]) == (401, f"Bearer {METADATA}")


def test_a_handler_for_all_exceptions_does_not_stand_between(app: Flask, issuer: FakeIssuer) -> None:
    """Flask asks the handlers of a blueprint first, however general they are."""
    inside = Blueprint("inside", __name__)

    @inside.errorhandler(Exception)
    def everything(problem: Exception) -> ResponseReturnValue:
        return {"sorry": type(problem).__name__}, 500

    @inside.get("/inside")
    @notes.require("notes:read")
    def view() -> ResponseReturnValue:
        raise LookupError

    app.register_blueprint(inside)

    refused = app.test_client().get("/inside")
    broken = app.test_client().get("/inside", headers=issuer.headers(scope="notes:read"))

    assert (refused.status_code, refused.json) == (401, {})
    assert (broken.status_code, broken.json) == (500, {"sorry": "LookupError"})


def test_a_browser_may_ask_before_it_sends_the_token(app: Flask) -> None:
    """A preflight never carries one: Flask answers it without the view."""
    asked = app.test_client().options("/read")

    assert asked.status_code == 200


def test_where_no_token_was_asked_for_there_is_none(app: Flask, issuer: FakeIssuer) -> None:
    @app.get("/forgot")
    def forgot() -> ResponseReturnValue:
        return said(current_token)

    with app.app_context():
        client = app.test_client()
        assert client.get("/any", headers=issuer.headers()).status_code == 200
        with pytest.raises(RuntimeError, match="once `require` or `admit` has let the request in"):
            client.get("/forgot", headers=issuer.headers())


def test_outside_a_request_there_is_no_token() -> None:
    with pytest.raises(RuntimeError, match="request context"):
        _ = current_token.subject


def test_what_handlers_get_is_an_access_token(app: Flask, issuer: FakeIssuer) -> None:
    with app.test_request_context("/any", headers={"Authorization": f"Bearer {issuer.mint(acr='phr')}"}):
        token = notes.admit()

        assert isinstance(current_token, AccessToken)
        assert current_token == token
        assert (current_token.acr, current_token.expires_at) == ("phr", (NOW_S + 900) * 1000)


def test_one_guard_serves_several_applications(issuer: FakeIssuer) -> None:
    apps = [Flask("first"), Flask("second")]
    for app in apps:
        notes.init_app(app)

    assert [app.test_client().get(METADATA_PATH).status_code for app in apps] == [200, 200]
