"""Answers introspection requests. RFC 7662."""

from collections.abc import Mapping

from evergrant.core.credential import Credentials, Kind
from evergrant.core.facts import Client
from evergrant.core.introspect import Active, Inactive, Introspection, introspect_refresh, may_see
from evergrant.core.ports.reader import Reader
from evergrant.core.ports.world import Clock
from evergrant.protocol.secret import Secret
from evergrant.server.catalog import Catalog
from evergrant.server.engine.live_access import LiveAccess
from evergrant.server.metrics import Metrics


class TokenIntrospection:
    """Tells an authenticated caller about the tokens it may know of. Changes nothing."""

    def __init__(
        self,
        *,
        issuer: str,
        credentials: Credentials,
        live_access: LiveAccess,
        reader: Reader,
        catalog: Catalog,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._issuer = issuer
        self._credentials = credentials
        self._live_access = live_access
        self._reader = reader
        self._catalog = catalog
        self._clock = clock
        self._metrics = metrics

    async def introspect(self, caller: Client, token: Secret) -> Mapping[str, object]:
        """The JSON members of the answer. Raises StoreUnavailable."""
        found = await self._refresh(caller, token)
        if found is None:
            found = await self._access(caller, token)
        active = isinstance(found, Active)
        self._metrics.introspections.labels(str(active).lower()).inc()
        return {"active": True, **found.members} if isinstance(found, Active) else {"active": False}

    async def _refresh(self, caller: Client, token: Secret) -> Introspection | None:
        presented = self._credentials.open(token, Kind.REFRESH)
        if presented is None:
            return None
        facts = await self._reader.grant(presented.grant_id)
        terms = await self._catalog.terms(caller)
        return introspect_refresh(presented, facts, caller, terms.realm, terms.policy, self._clock(), self._issuer)

    async def _access(self, caller: Client, token: Secret) -> Introspection:
        live = await self._live_access.of(token)
        if live is None:
            return Inactive()
        access = live.access
        if not may_see(caller, access.client_id, access.audience, (await self._catalog.terms(caller)).resources):
            return Inactive()
        members = {name: value for name, value in access.claims.items() if name != "active"}
        if live.facts is not None and live.facts.subject is not None:
            members["username"] = live.facts.subject.username
        return Active({"token_type": "Bearer", **members})
