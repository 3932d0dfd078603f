"""`/logout` and `/logout/confirm`. OpenID Connect RP-Initiated Logout 1.0."""

from typing import assert_never
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from evergrant.protocol.forms import Form
from evergrant.server.engine.logout import Confirm, Left, Stayed
from evergrant.server.http import cookies
from evergrant.server.http.reading import call, issuer, read_form, read_query
from evergrant.server.http.same_origin import check_same_origin
from evergrant.server.http.showing import path_of, see_other, show
from evergrant.server.issuer import Issuer
from evergrant.server.pages.headers import form_action_origin
from evergrant.server.pages.views import LogoutView, SignedOutView

PARAMETERS = ("id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales")


async def endpoint(request: Request) -> Response:
    """GET and POST (§2)."""
    here = issuer(request)
    form = await read_form(request) if request.method == "POST" else read_query(request)
    before = cookies.read_browser(request, here)
    if request.method == "POST" and before.session is None:
        # Another site's form brings no `SameSite=Lax` cookie; sent on as a GET, it does. Without this a person who is
        # signed in would be told that nobody is.
        return see_other(f"{path_of(here, '/logout')}?{_query(form)}")
    browser = cookies.greet(request, before)
    response = _answer(here, await here.logout.begin(call(request), form, browser))
    cookies.keep_id(response, here, before, browser)
    return response


async def confirm(request: Request) -> Response:
    """The posted confirmation form."""
    here = issuer(request)
    check_same_origin(request, here)
    form = await read_form(request)
    browser = cookies.read_browser(request, here)
    return _answer(here, await here.logout.answer(call(request), form.get("logout"), form.get("decision"), browser))


def _answer(here: Issuer, outcome: Confirm | Left | Stayed) -> Response:
    match outcome:
        case Confirm():
            return show(here.pages.logout_confirm(_view(here, outcome)))
        case Stayed():
            return see_other(path_of(here, "/"))
        case Left(url=url):
            leaving = see_other(url) if url is not None else show(here.pages.signed_out(SignedOutView(here.title)))
            cookies.forget_session(leaving, here)
            return leaving
        case _:
            assert_never(outcome)


def _view(here: Issuer, question: Confirm) -> LogoutView:
    return LogoutView(
        action=path_of(here, "/logout/confirm"),
        logout=question.logout,
        username=question.username,
        client_name=question.client_name,
        form_action_origin=None if question.to is None else form_action_origin(question.to.uri),
        realm_name=here.title,
    )


def _query(form: Form) -> str:
    return urlencode([(name, value) for name in PARAMETERS for value in form.all(name)])
