"""`/introspect`. RFC 7662."""

from starlette.requests import Request
from starlette.responses import Response

from evergrant.core.reasons import Reason
from evergrant.protocol.errors import InvalidClient
from evergrant.protocol.secret import Secret
from evergrant.server.http.answering import json_answer
from evergrant.server.http.reading import authorization, issuer, read_form


async def endpoint(request: Request) -> Response:
    """Only for confidential clients: a public one cannot be authenticated, and the endpoint would be an oracle."""
    here, form = issuer(request), await read_form(request)
    caller = await here.clients.of(authorization(request), form)
    if caller.public:
        raise InvalidClient("Introspection needs client authentication.", reason=Reason.WRONG_METHOD)
    return json_answer(await here.introspection.introspect(caller, Secret(form.require("token"))))
