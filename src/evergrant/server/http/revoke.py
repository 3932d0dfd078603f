"""`/revoke`. RFC 7009."""

from starlette.requests import Request
from starlette.responses import Response

from evergrant.protocol.secret import Secret
from evergrant.server.http.answering import json_answer
from evergrant.server.http.cors import check_origin
from evergrant.server.http.reading import authorization, call, issuer, read_form


async def endpoint(request: Request) -> Response:
    """`{}` whether or not there was anything to revoke; `token_type_hint` is not needed to tell tokens apart."""
    here, form = issuer(request), await read_form(request)
    client = await here.clients.of(authorization(request), form)
    check_origin(request, client)
    await here.revocation.revoke(call(request), client, Secret(form.require("token")))
    return json_answer({})
