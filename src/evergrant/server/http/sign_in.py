"""`/sign-in`: the posted sign-in form. It is worth something only with an interaction of this browser (Q-15)."""

from starlette.requests import Request
from starlette.responses import Response

from evergrant.server.http import cookies
from evergrant.server.http.reading import call, issuer, read_form
from evergrant.server.http.same_origin import check_same_origin
from evergrant.server.http.showing import answer


async def endpoint(request: Request) -> Response:
    """303 onwards with a new session, or the page again: 400 after a refusal, 429 while slowed down."""
    here = issuer(request)
    check_same_origin(request, here)
    form = await read_form(request)
    outcome = await here.authorization.sign_in(
        call(request),
        form.get("interaction"),
        form.get("username"),
        form.secret("password"),
        cookies.read_browser(request, here),
    )
    return answer(here, outcome)
