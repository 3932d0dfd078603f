"""`/token`. RFC 6749 §3.2."""

from starlette.requests import Request
from starlette.responses import Response

from evergrant.server.http.answering import json_answer
from evergrant.server.http.cors import check_origin
from evergrant.server.http.reading import authorization, call, issuer, read_form


async def endpoint(request: Request) -> Response:
    """Tokens for a grant; the client is proven before anything else is looked at."""
    here, form = issuer(request), await read_form(request)
    client = await here.clients.of(authorization(request), form)
    check_origin(request, client)
    answer = await here.tokens.answer(call(request), client, form)
    return json_answer(answer.render())
