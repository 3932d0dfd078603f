"""`/metrics` for Prometheus, answered to configured networks only: traffic figures are nobody else's business."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from evergrant.server.http.answering import NO_STORE
from evergrant.server.http.forwarded import client_address, is_forwarded, within
from evergrant.server.http.reading import serving


async def endpoint(request: Request) -> Response:
    """The figures, or 403 for everybody else."""
    here = serving(request)
    address = client_address(request.scope, here.rules.proxies)
    # A forwarding header that is not believed means a proxy stands between: its address is not the asker's.
    hidden = is_forwarded(request.scope) and address == client_address(request.scope, ())
    if hidden or not within(address, here.rules.metrics):
        return PlainTextResponse("Not for this address.\n", status_code=403)
    kind = "text/plain; version=0.0.4; charset=utf-8"
    return Response(here.metrics.render(), media_type=kind, headers=NO_STORE)
