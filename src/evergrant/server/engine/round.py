"""One gathering and judgement of a token request, on its way to a commit."""

from evergrant.core.attempt import Judged, Setting
from evergrant.core.credential import Presented
from evergrant.core.facts import Event, EventKind, Grant, Subject
from evergrant.core.reasons import Reason
from evergrant.protocol.record import record
from evergrant.server.call import Call


@record
class Round:
    """`contested`: an earlier round of the same request would have handed out tokens, but somebody was first."""

    call: Call
    grant_type: str
    setting: Setting
    judged: Judged
    contested: bool

    @property
    def grant(self) -> Grant:
        """The grant the decision stands on. Raises LookupError for decisions that stand on none."""
        if self.judged.facts is None:
            raise LookupError("this decision stands on no grant")
        return self.judged.facts.grant

    @property
    def subject(self) -> Subject:
        """The subject as it was read. Raises LookupError when it is gone, which no success survives (row 7)."""
        if self.judged.facts is None or self.judged.facts.subject is None:
            raise LookupError("this decision stands on no subject")
        return self.judged.facts.subject

    @property
    def presented(self) -> Presented:
        """What was shown. Raises LookupError for requests that show nothing."""
        if self.judged.presented is None:
            raise LookupError("this request shows no credential")
        return self.judged.presented

    def event(self, kind: EventKind, reason: Reason | None = None) -> Event:
        """An audit row about this request, its client and, if one was read, its grant."""
        facts = self.judged.facts
        return self.call.event(
            kind,
            self.setting.now,
            grant_id=None if facts is None else facts.grant.id,
            client_id=self.setting.client.id,
            subject=None if facts is None else facts.grant.subject,
            reason=reason,
            detail=self._detail(),
        )

    def _detail(self) -> dict[str, str]:
        detail = {"grant_type": self.grant_type}
        if self.judged.presented is not None:
            detail["presented_generation"] = str(self.judged.presented.generation)
        if self.judged.facts is not None:
            detail["current_generation"] = str(self.judged.facts.grant.generation)
        return detail
