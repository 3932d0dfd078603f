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
from evergrant.server.journal import Journal
from evergrant.server.request_line import RequestLine
from evergrant.server.serving import Serving

_USER_AGENT_LIMIT: Final = 256
_CORRELATION: Final = CORRELATION_HEADER.lower().encode()
OPERATIONAL: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by load balancers and scrapers under addresses that are nobody's issuer; they build no URL from the Host."""


HUNG_UP: Final = 499
"""In log and metrics: the client went away before its request had arrived. Never sent."""


class MisdirectedRequest(InvalidRequest):
    """The Host is none of ours. RFC 9110 §15.5.20."""

    status = 421


class _Answer:
    """An answer on its way: it gets its correlation id, and its line in the log."""

    __slots__ = ("_journal", "_line", "_scope", "_send", "_started", "_told", "status")

    def __init__(self, scope: Scope, send: Send, line: RequestLine, journal: Journal) -> None:
        self._scope, self._send, self._line, self._journal = scope, send, line, journal
        self._started, self._told = perf_counter(), False
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], (_CORRELATION, self._line.correlation_id.encode())]
        elif not message.get("more_body", False):
            self.tell()  # before the answer leaves: who has its id finds its line
        await self._send(message)

    def tell(self) -> None:
        """Once."""
        if not self._told:
            self._told = True
            endpoint = self._scope.get("evergrant.endpoint", "none")
            self._journal.answered(self._line, endpoint, self.status, perf_counter() - self._started)


class Entry:
    """Wraps the routes of one server."""

    def __init__(self, app: ASGIApp, serving: Serving) -> None:
        self._app = app
        self._serving = serving
        self._whereabouts = Whereabouts(serving.rules.proxies)
        self._hosts = {host.encode() for host in serving.rules.hosts or () if host.isascii()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # One pass for all who read headers; of several with one name, the last is what a proxy next to us added.
        sent = scope["headers"]
        last = dict(sent)
        scope["evergrant.headers"] = last if len(last) == len(sent) else dict(list(sent)[::-1])
        line = RequestLine(correlation_id=self._serving.random(8).hex(), method=scope["method"])
        call = self._call(scope, last, line)
        scope["evergrant.call"] = call
        scope["evergrant.serving"] = self._serving
        answer = _Answer(scope, send, line, self._serving.journal)
        try:
            if self._is_misdirected(scope, last):
                error = MisdirectedRequest("This host is not served here.")
                await error_answer(error, call.correlation_id, realm="evergrant")(scope, receive, answer.send)
            else:
                await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            answer.status = HUNG_UP  # nobody is there to be answered; the line in the log is all
        except Exception as bug:
            self._serving.journal.logger.error("bug", correlation_id=call.correlation_id, exc_info=bug)
            if answer.status:
                raise  # the answer has begun: the server cuts the connection, a half answer must not look whole
            ours = ServerError("Something went wrong on our side.")
            await error_answer(ours, call.correlation_id, realm="evergrant")(scope, receive, answer.send)
        finally:
            answer.tell()

    def _call(self, scope: Scope, last: Mapping[bytes, bytes], line: RequestLine) -> Call:
        agent = last.get(b"user-agent", b"").decode("latin-1")[:_USER_AGENT_LIMIT]
        printable = agent if agent.isprintable() else "".join(c for c in agent if c.isprintable())
        caller = Caller(printable, self._whereabouts.prefix(scope))
        return Call(CorrelationId(line.correlation_id), caller, self._serving.clock(), line)

    def _is_misdirected(self, scope: Scope, last: Mapping[bytes, bytes]) -> bool:
        hosts = self._serving.rules.hosts
        nothing_twice = len(last) == len(scope["headers"])
        if hosts is None or (nothing_twice and last.get(b"host") in self._hosts):
            return False
        if scope["path"].removeprefix(scope.get("root_path", "")) in OPERATIONAL:
            return False
        # Exactly one (RFC 9112 §3.2): of two, a proxy before us may have routed by the other.
        once = nothing_twice or [name for name, _ in scope["headers"]].count(b"host") == 1
        return not once or last.get(b"host", b"").decode("latin-1").lower() not in hosts
