"""`/jwks`: the public keys, those not yet in use and those no longer in use included. RFC 7517."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from evergrant.server.http.answering import json_answer
from evergrant.server.http.reading import issuer

CACHED: Final = {"Cache-Control": "public, max-age=300", "Pragma": "public"}
"""Shorter by far than a key is published before it signs, so that no validator meets a key it could not know."""


async def endpoint(request: Request) -> Response:
    """The JWK set of this realm; from memory while the store is down, so that APIs go on verifying."""
    keys = await issuer(request).keyring.last_published()
    return json_answer({"keys": [key.jwk() for key in keys]}, headers=CACHED)
