"""Asks the issuer's own address, as a client would: through the name, the proxy and the certificate."""

from __future__ import annotations

from typing import Final

import httpx2

from evergrant.app.doctor.findings import Finding, broken, ok, weak
from evergrant.app.settings import Settings
from evergrant.client.errors import ProtocolError
from evergrant.client.exchange import read_json
from evergrant.protocol.provider import BadMetadata, read_metadata, well_known_urls

_TIMEOUT_S: Final = 5.0


async def check_address(settings: Settings) -> Finding:
    """Whether what answers there is this issuer."""
    issuer = settings.issuer
    start = weak("address", f"nobody answers at {issuer}", "Start the server with `evergrant serve`.")
    try:
        async with httpx2.AsyncClient(timeout=_TIMEOUT_S) as http:
            answer = await http.get(well_known_urls(issuer)[0])
    except httpx2.ConnectError as error:
        if "certificate" in str(error).lower():
            fix = "Use a certificate that clients trust, or give them yours."
            return weak("address", f"the certificate at {issuer} is not trusted on this machine", fix)
        return start
    except httpx2.HTTPError:
        return start
    if answer.status_code == 421:
        return broken("address", "the proxy does not pass on the Host it was asked for", "Let it keep the Host header.")
    try:
        read_metadata(issuer, read_json(answer.content))
    except (BadMetadata, ProtocolError) as problem:
        fix = "Correct the proxy, or EVERGRANT_ISSUER."
        return broken("address", f"what answers at {issuer} is not this issuer: {problem}", fix)
    return ok("address", f"{issuer} answers, and is this issuer")
