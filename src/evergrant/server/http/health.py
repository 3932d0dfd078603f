"""`/healthz`: the process answers. `/readyz`: store, schema, keys and clock allow it to serve."""

from starlette.requests import Request
from starlette.responses import Response

from evergrant.server.http.answering import json_answer
from evergrant.server.http.reading import serving


async def healthz(_request: Request) -> Response:
    """The process answers; nothing else is asked."""
    return json_answer({"status": "ok"})


async def readyz(request: Request) -> Response:
    """200 when requests can be served, 503 with every reason when not."""
    problems = await serving(request).readiness()
    if problems:
        return json_answer({"status": "not ready", "problems": problems}, status=503, headers={"Retry-After": "2"})
    return json_answer({"status": "ready"})
