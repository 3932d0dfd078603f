"""Shows and ends grants."""

from dataclasses import dataclass
from typing import Final

from evergrant.core.facts import Event, EventKind, Grant, GrantFacts, GrantState, Revocation
from evergrant.core.ports.reader import EventFilter, GrantFilter
from evergrant.core.ports.store import RealmStore
from evergrant.core.ports.world import Clock
from evergrant.core.reasons import Reason
from evergrant.protocol.values import ClientId, GrantId, SubjectId, grant_id_from_text, grant_id_text
from evergrant.server.call import Call
from evergrant.server.engine.operators.refusals import Invalid, NotFound

MOST_EVENTS: Final = 100


@dataclass(frozen=True, slots=True)
class GrantShown:
    """A grant, its subject if there still is one, and what happened to it, newest first."""

    facts: GrantFacts
    events: tuple[Event, ...]


class Grants:
    """The grants of one realm. A grant is named by 32 hexadecimal digits, as logs, events and `gid` name it."""

    def __init__(self, store: RealmStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def list(
        self, *, subject: SubjectId | None = None, client_id: str | None = None, limit: int = 100
    ) -> tuple[Grant, ...]:
        """Newest first, at most `limit`. Raises StoreUnavailable."""
        wanted = GrantFilter(subject=subject, client_id=None if client_id is None else ClientId(client_id))
        return await self._store.grants(wanted, limit)

    async def show(self, grant: str) -> GrantShown:
        """Raises Invalid, NotFound, StoreUnavailable."""
        grant_id = _read(grant)
        facts = await self._facts(grant_id)
        return GrantShown(facts, await self._store.events(EventFilter(grant_id=grant_id), MOST_EVENTS))

    async def revoke(self, call: Call, grant: str) -> Grant:
        """End it at once; the ended grant. One that has ended already stays as it is. Raises Invalid, NotFound."""
        grant_id = _read(grant)
        before = (await self._facts(grant_id)).grant
        if before.state is GrantState.REVOKED:
            return before
        now = self._clock()
        event = call.event(
            EventKind.GRANT_REVOKED,
            now,
            grant_id=grant_id,
            client_id=before.client_id,
            subject=before.subject,
            reason=Reason.BY_OPERATOR,
        )
        # On no other condition: a renewal in the same moment must not keep it alive. Superseded would only mean that
        # somebody else ended it meanwhile.
        revocation = Revocation(now, "operator", Reason.BY_OPERATOR)
        await self._store.revoke(grant_id, revocation, seen=None, events=(event,))
        return (await self._facts(grant_id)).grant

    async def _facts(self, grant_id: GrantId) -> GrantFacts:
        facts = await self._store.grant(grant_id)
        if facts is None:
            raise NotFound(
                f"There is no grant {grant_id_text(grant_id)}.",
                "Grants are forgotten some time after they ended; `evergrant grant list` shows those that are there.",
            )
        return facts


def _read(grant: str) -> GrantId:
    try:
        return grant_id_from_text(grant.strip().lower())
    except ValueError:
        raise Invalid(
            "That is no grant's identifier.", "It is 32 hexadecimal digits, as `evergrant grant list` shows."
        ) from None
