"""One place for what is said of a decision: a log line and a metric. Never a token."""

from typing import Protocol

from evergrant.core.reasons import Reason
from evergrant.protocol.values import ClientId, GrantId
from evergrant.server.call import Call
from evergrant.server.metrics import Metrics


class Logger(Protocol):
    """The part of a structlog logger that is used here."""

    def info(self, event: str, /, **fields: object) -> object: ...

    def warning(self, event: str, /, **fields: object) -> object: ...

    def error(self, event: str, /, **fields: object) -> object: ...


class Journal:
    """Writes what the engine decided."""

    def __init__(self, logger: Logger, metrics: Metrics) -> None:
        self.logger = logger
        self.metrics = metrics

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
        self.metrics.decisions.labels(grant_type, decision, reason or "").inc()
        say = self.logger.warning if reason is not None else self.logger.info
        say(
            "token",
            correlation_id=call.correlation_id,
            client_id=client_id,
            grant_type=grant_type,
            decision=decision,
            reason=reason,
            grant=None if grant_id is None else grant_id.hex(),
            generation=generation,
        )

    def contested(self, call: Call, grant_type: str) -> None:
        """Somebody else was first; the request is judged again."""
        self.metrics.contested.inc()
        self.logger.info("contested", correlation_id=call.correlation_id, grant_type=grant_type)
