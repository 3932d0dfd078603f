"""`/consent`: the posted consent form."""

from starlette.requests import Request
from starlette.responses import Response

from evergrant.server.http import cookies
from evergrant.server.http.reading import call, issuer, read_form
from evergrant.server.http.same_origin import check_same_origin
from evergrant.server.http.showing import answer


async def endpoint(request: Request) -> Response:
    """303 to the client, or the page that comes next."""
    here = issuer(request)
    check_same_origin(request, here)
    form = await read_form(request)
    browser = cookies.read_browser(request, here)
    return answer(
        here, await here.authorization.consent(call(request), form.get("interaction"), form.get("decision"), browser)
    )
