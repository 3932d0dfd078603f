"""One place for what is said of a decision: a log line and a metric. Never a token."""

from typing import Protocol

from prometheus_client import Counter, Histogram

from evergrant.core.reasons import Reason
from evergrant.protocol.errors import OAuthError
from evergrant.protocol.values import ClientId, GrantId
from evergrant.server.call import Call
from evergrant.server.metrics import Metrics
from evergrant.server.request_line import RequestLine


class Logger(Protocol):
    """The part of a logger that is used here."""

    def info(self, event: str, /, **fields: object) -> object: ...

    def warning(self, event: str, /, **fields: object) -> object: ...

    def error(self, event: str, /, **fields: object) -> object: ...

    def answered(self, line: RequestLine, /) -> None: ...


class Journal:
    """Writes what the engine decided."""

    def __init__(self, logger: Logger, metrics: Metrics) -> None:
        self.logger = logger
        self.metrics = metrics
        # Counters by their labels: prometheus_client's own look-up checks and locks for 3 µs each time. The labels are
        # names of ours, so these stay few.
        self._requests: dict[tuple[str, int], Counter] = {}
        self._seconds: dict[str, Histogram] = {}
        self._decisions: dict[tuple[str, str, str], Counter] = {}

    def decided(
        self,
        call: Call,
        *,
        client_id: ClientId,
        grant_type: str,
        decision: str,
        reason: Reason | None = None,
        grant_id: GrantId | None = None,
        generation: int | None = None,
    ) -> None:
        """A decision of the token endpoint; renewals and redeliveries are told here and nowhere else."""
        self._count(grant_type, decision, reason or "")
        line = call.line
        if line is None:
            say = self.logger.info if reason is None else self.logger.warning
            names = {"client_id": client_id, "grant_type": grant_type, "decision": decision, "reason": reason}
            grant = None if grant_id is None else grant_id.hex()
            say("token", correlation_id=call.correlation_id, **names, grant=grant, generation=generation)
            return
        line.client_id, line.grant_type, line.decision = client_id, grant_type, decision
        if grant_id is not None:
            line.grant = grant_id.hex()
        if generation is not None:
            line.generation = generation
        if reason is not None:
            line.reason, line.level = reason, "warning"

    def refused(self, call: Call, endpoint: str, error: OAuthError) -> None:
        """A request that is answered with an error; the private reason is said here and never to the client."""
        line = call.line
        if line is None:
            fields = {"error": error.code, "reason": error.reason}
            self.logger.info("refused", correlation_id=call.correlation_id, endpoint=endpoint, **fields)
            return
        line.error = error.code
        if error.reason is not None:
            line.reason = error.reason

    def contested(self, call: Call, grant_type: str) -> None:
        """Somebody else was first; the request is judged again."""
        self.metrics.contested.inc()
        self.logger.info("contested", correlation_id=call.correlation_id, grant_type=grant_type)

    def answered(self, line: RequestLine, endpoint: str, status: int, seconds: float) -> None:
        """The end of a request: its line, its count and its time."""
        line.endpoint, line.status, line.ms = endpoint, status, round(seconds * 1000, 1)
        self.logger.answered(line)
        counter = self._requests.get((endpoint, status))
        if counter is None:
            counter = self._requests[endpoint, status] = self.metrics.requests.labels(endpoint, str(status))
        counter.inc()
        histogram = self._seconds.get(endpoint)
        if histogram is None:
            histogram = self._seconds[endpoint] = self.metrics.seconds.labels(endpoint)
        histogram.observe(seconds)

    def _count(self, grant_type: str, decision: str, reason: str) -> None:
        counter = self._decisions.get((grant_type, decision, reason))
        if counter is None:
            counter = self.metrics.decisions.labels(grant_type, decision, reason)
            self._decisions[grant_type, decision, reason] = counter
        counter.inc()
