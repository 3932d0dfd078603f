"""The first thing every request meets: a correlation id, the caller's context, the Host rule, and the last resort.

Plain ASGI. What an endpoint did not answer is a bug here: 500 `server_error` with the correlation id as incident id.
"""

from collections.abc import Mapping
from time import perf_counter
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evergrant.core.facts import Caller
from evergrant.protocol.errors import InvalidRequest, ServerError
from evergrant.protocol.values import CorrelationId
from evergrant.server.call import Call
from evergrant.server.http.answering import CORRELATION_HEADER, error_answer
from evergrant.server.http.forwarded import Whereabouts
from evergrant.server.serving import Serving

_USER_AGENT_LIMIT: Final = 256
OPERATIONAL: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by load balancers and scrapers under addresses that are nobody's issuer; they build no URL from the Host."""


HUNG_UP: Final = 499
"""In log and metrics: the client went away before its request had arrived. Never sent."""


class MisdirectedRequest(InvalidRequest):
    """The Host is none of ours. RFC 9110 §15.5.20."""

    status = 421


class Entry:
    """Wraps the routes of one server."""

    def __init__(self, app: ASGIApp, serving: Serving) -> None:
        self._app = app
        self._serving = serving
        self._whereabouts = Whereabouts(serving.rules.proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # One pass for all who read headers; of several with one name, the last is what a proxy next to us added.
        sent = scope["headers"]
        last = dict(sent)
        scope["evergrant.headers"] = last if len(last) == len(sent) else dict(list(sent)[::-1])
        call = self._call(scope, last)
        scope["evergrant.call"] = call
        scope["evergrant.serving"] = self._serving
        status, started = 0, perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (CORRELATION_HEADER.lower().encode(), call.correlation_id.encode()),
                ]
            await send(message)

        try:
            if self._is_misdirected(scope, last):
                error = MisdirectedRequest("This host is not served here.")
                await error_answer(error, call.correlation_id, realm="evergrant")(scope, receive, send_with_id)
            else:
                await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            status = HUNG_UP  # nobody is there to be answered; the line in the log is all
        except Exception as bug:
            self._serving.journal.logger.error("bug", correlation_id=call.correlation_id, exc_info=bug)
            if status:
                raise  # the answer has begun: the server cuts the connection, a half answer must not look whole
            answer = error_answer(
                ServerError("Something went wrong on our side."), call.correlation_id, realm="evergrant"
            )
            await answer(scope, receive, send_with_id)
        finally:
            self._tell(scope, call, status, perf_counter() - started)

    def _call(self, scope: Scope, last: Mapping[bytes, bytes]) -> Call:
        agent = last.get(b"user-agent", b"").decode("latin-1")[:_USER_AGENT_LIMIT]
        printable = agent if agent.isprintable() else "".join(c for c in agent if c.isprintable())
        caller = Caller(printable, self._whereabouts.prefix(scope))
        return Call(CorrelationId(self._serving.random(8).hex()), caller, self._serving.clock())

    def _is_misdirected(self, scope: Scope, last: Mapping[bytes, bytes]) -> bool:
        hosts = self._serving.rules.hosts
        if hosts is None or scope["path"].removeprefix(scope.get("root_path", "")) in OPERATIONAL:
            return False
        # Exactly one (RFC 9112 §3.2): of two, a proxy before us may have routed by the other.
        once = len(last) == len(scope["headers"]) or [name for name, _ in scope["headers"]].count(b"host") == 1
        return not once or last.get(b"host", b"").decode("latin-1").lower() not in hosts

    def _tell(self, scope: Scope, call: Call, status: int, seconds: float) -> None:
        endpoint = scope.get("evergrant.endpoint", "none")
        metrics = self._serving.metrics
        metrics.requests.labels(endpoint, str(status)).inc()
        metrics.seconds.labels(endpoint).observe(seconds)
        self._serving.journal.logger.info(
            "request",
            correlation_id=call.correlation_id,
            method=scope["method"],
            endpoint=endpoint,
            status=status,
            ms=round(seconds * 1000, 1),
        )
