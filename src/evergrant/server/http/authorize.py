"""`/authorize` and `/authorize/continue`. RFC 6749 §3.1, OpenID Connect Core §3.1.2."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from evergrant.core.authorization_request import remembered
from evergrant.protocol.forms import Form
from evergrant.server.browser import Browser
from evergrant.server.http import cookies
from evergrant.server.http.reading import call, issuer, read_form, read_query
from evergrant.server.http.showing import answer, path_of, see_other
from evergrant.server.issuer import Issuer


async def endpoint(request: Request) -> Response:
    """GET and POST (OpenID Connect Core §3.1.2.1).

    A form posted by a client's page comes without our cookies, which are `SameSite=Lax`. So a POST is sent on as a
    GET, with which they come (Q-16).
    """
    here = issuer(request)
    if request.method == "POST":
        return see_other(f"{path_of(here, '/authorize')}?{_query(await read_form(request))}")
    before = cookies.read_browser(request, here)
    browser = cookies.greet(request, before)
    outcome = await here.authorization.begin(call(request), read_query(request), browser)
    return _keep(answer(here, outcome), here, before, browser)


async def resume(request: Request) -> Response:
    """After a sign-in: a GET, so that a reload asks nothing twice."""
    here = issuer(request)
    sealed = read_query(request).get("interaction")
    outcome = await here.authorization.resume(call(request), sealed, cookies.read_browser(request, here))
    return answer(here, outcome)


def _keep(response: Response, here: Issuer, before: Browser, after: Browser) -> Response:
    cookies.keep_id(response, here, before, after)
    return response


def _query(form: Form) -> str:
    kept = remembered(form)
    return urlencode([(name, value) for name in sorted(kept.names()) for value in kept.all(name)])
