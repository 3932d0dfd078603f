"""What development mode's playground sees of its own grant: state and events, for whoever holds its access token."""

from dataclasses import dataclass

from evergrant.core.facts import Event, Grant
from evergrant.core.ports.reader import EventFilter, Reader
from evergrant.core.ports.world import Clock
from evergrant.core.standing import idle_expires_at
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import GrantId, Millis
from evergrant.server.access_tokens import AccessTokens
from evergrant.server.catalog import Catalog

MOST_EVENTS = 50


@dataclass(frozen=True, slots=True)
class GrantReport:
    """A grant and its events, newest first. `idle_expires_at` in milliseconds UTC; 0 while pending."""

    grant: Grant
    idle_expires_at: Millis
    events: tuple[Event, ...]


class Playground:
    """Reports on a grant. It answers for a revoked one too, so that one can see how it ended."""

    def __init__(self, *, access_tokens: AccessTokens, reader: Reader, catalog: Catalog, clock: Clock) -> None:
        self._access_tokens = access_tokens
        self._reader = reader
        self._catalog = catalog
        self._clock = clock

    async def report(self, token: Secret, grant_id: GrantId) -> GrantReport | None:
        """The report, or None if the token is not a genuine, unexpired one of this grant. Raises StoreUnavailable."""
        access = await self._access_tokens.verify(token, self._clock())
        if access is None or access.gid != grant_id:
            return None
        facts = await self._reader.grant(grant_id)
        client = await self._catalog.client(access.client_id)
        if facts is None or client is None:
            return None
        policy = await self._catalog.policy(client)
        ends = idle_expires_at(facts.grant, policy) if facts.grant.refreshable else facts.grant.expires_at
        return GrantReport(facts.grant, ends, await self._reader.events(EventFilter(grant_id=grant_id), MOST_EVENTS))
