"""`/userinfo`. OpenID Connect Core §5.3."""

from starlette.requests import Request
from starlette.responses import Response

from evergrant.protocol.bearer import bearer, challenge
from evergrant.protocol.errors import InvalidRequest
from evergrant.protocol.secret import Secret
from evergrant.server.http.answering import json_answer
from evergrant.server.http.reading import authorization, issuer, read_form


async def endpoint(request: Request) -> Response:
    """The token comes in the header, or in a form body with POST, never in the query (RFC 9700 §4.3.2)."""
    here = issuer(request)
    token = await _token(request)
    if token is None:
        # RFC 6750 §3.1: who sent no token is told the scheme and no error.
        wanted = {"WWW-Authenticate": challenge("Bearer", {"realm": here.realm_name, "scope": "openid"})}
        return json_answer({}, status=401, headers=wanted)
    return json_answer(await here.userinfo.claims(token))


async def _token(request: Request) -> Secret | None:
    shown = bearer(authorization(request))
    if request.method != "POST" or "content-type" not in request.headers:
        return shown
    posted = (await read_form(request)).secret("access_token")
    if shown is not None and posted is not None:
        raise InvalidRequest("Send the access token once (RFC 6750 section 2).")
    return shown or posted
