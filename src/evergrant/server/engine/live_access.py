"""Whether an access token is alive now: by itself, by its `jti`, and by its grant. Exact: the store is asked."""

import asyncio

from evergrant.core.facts import GrantFacts
from evergrant.core.introspect import is_live
from evergrant.core.ports.reader import Reader
from evergrant.core.ports.world import Clock
from evergrant.protocol.record import record
from evergrant.protocol.secret import Secret
from evergrant.server.access_tokens import AccessTokens, VerifiedAccess
from evergrant.server.catalog import Catalog
from evergrant.server.engine.revocation import REVOKED_ACCESS


@record
class LiveToken:
    """A living access token; `facts` is None for a client's own (client credentials)."""

    access: VerifiedAccess
    facts: GrantFacts | None


class LiveAccess:
    """Asked by introspection and userinfo."""

    def __init__(self, *, access_tokens: AccessTokens, reader: Reader, catalog: Catalog, clock: Clock) -> None:
        self._access_tokens = access_tokens
        self._reader = reader
        self._catalog = catalog
        self._clock = clock

    async def of(self, token: Secret) -> LiveToken | None:
        """The token, or None for anything that is not alive. Raises StoreUnavailable."""
        now = self._clock()
        access = await self._access_tokens.verify(token, now)
        if access is None:
            return None
        client = await self._catalog.client(access.client_id)
        if client is None or client.disabled:
            return None
        is_claimed = self._reader.is_claimed(REVOKED_ACCESS, access.jti.encode())
        if access.gid is None:
            return None if await is_claimed else LiveToken(access, None)
        # Together, so that a store that answers in batches answers both in one.
        claimed, facts = await asyncio.gather(is_claimed, self._reader.grant(access.gid))
        terms = await self._catalog.terms(client)
        if claimed or not is_live(facts, client, terms.realm, terms.policy, now):
            return None
        return LiveToken(access, facts)
