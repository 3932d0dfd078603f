"""One request as the engine sees it."""

from collections.abc import Mapping
from dataclasses import field

from evergrant.core.facts import Caller, Event, EventKind
from evergrant.core.reasons import Reason
from evergrant.protocol.record import record
from evergrant.protocol.values import ClientId, CorrelationId, GrantId, Millis, SubjectId
from evergrant.server.request_line import RequestLine


@record
class Call:
    """Who calls, when it was accepted, and the id that ties its answer to logs and events.

    `line`: where the journal notes what it has to say of this request; nobody else writes to it, and nothing is judged
    by it. None where no line will be written (a command, a test): then the journal says it at once.
    """

    correlation_id: CorrelationId
    caller: Caller = field(default_factory=Caller)
    accepted_at: Millis = Millis(0)
    line: RequestLine | None = field(default=None, compare=False, repr=False)

    def event(
        self,
        kind: EventKind,
        at: Millis,
        *,
        grant_id: GrantId | None = None,
        client_id: ClientId | None = None,
        subject: SubjectId | None = None,
        reason: Reason | None = None,
        detail: Mapping[str, str] | None = None,
    ) -> Event:
        """An audit row about this request."""
        return Event(
            at=at,
            kind=kind,
            correlation_id=self.correlation_id,
            grant_id=grant_id,
            client_id=client_id,
            subject=subject,
            reason=reason,
            caller=self.caller,
            detail=detail or {},
        )
