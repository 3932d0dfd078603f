"""Carries out revocation requests. RFC 7009."""

from typing import Final, assert_never

from evergrant.core.credential import Credentials, Kind, secret_digest
from evergrant.core.facts import Client, EventKind, Grant, Revocation
from evergrant.core.ports.ledger import Ledger
from evergrant.core.ports.reader import Reader
from evergrant.core.ports.world import Clock
from evergrant.core.reasons import Reason
from evergrant.core.revoke import EndAccess, EndGrant, Ending, NothingToEnd, end_access, end_refresh
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import GrantId, Millis
from evergrant.server.access_tokens import AccessTokens
from evergrant.server.call import Call
from evergrant.server.metrics import Metrics

REVOKED_ACCESS: Final = "access_token"
"""The kind under which a revoked access token's `jti` is claimed, until it would have expired anyway."""


class TokenRevocation:
    """Ends what a token of the caller stands for."""

    def __init__(
        self,
        *,
        credentials: Credentials,
        access_tokens: AccessTokens,
        reader: Reader,
        ledger: Ledger,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._credentials = credentials
        self._access_tokens = access_tokens
        self._reader = reader
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics

    async def revoke(self, call: Call, client: Client, token: Secret) -> None:
        """Silent whatever the token was: the caller learns nothing of others' tokens. Raises StoreUnavailable."""
        ending = await self._ending(client, token)
        self._metrics.revocations.labels(type(ending).__name__).inc()
        now = self._clock()
        match ending:
            case EndGrant(grant=grant):
                event = call.event(
                    EventKind.GRANT_REVOKED,
                    now,
                    grant_id=grant.id,
                    client_id=client.id,
                    subject=grant.subject,
                    reason=Reason.BY_CLIENT,
                )
                revocation = Revocation(now, "client", Reason.BY_CLIENT)
                # Whatever moved meanwhile, it ends: Superseded can only mean that it has ended already.
                await self._ledger.revoke(grant.id, revocation, seen=None, events=(event,))
            case EndAccess(jti=jti, expires_at=expires_at):
                event = call.event(
                    EventKind.TOKEN_REVOKED, now, client_id=client.id, reason=Reason.BY_CLIENT, detail={"jti": jti}
                )
                await self._ledger.claim_once(REVOKED_ACCESS, jti.encode(), expires_at, events=(event,))
            case NothingToEnd(reason=reason, event=kind, grant_id=grant_id):
                if kind is not None:
                    told = call.event(kind, now, grant_id=grant_id, client_id=client.id, reason=reason)
                    await self._ledger.record((told,))
            case _:
                assert_never(ending)

    async def _ending(self, client: Client, token: Secret) -> Ending:
        presented = self._credentials.open(token, Kind.REFRESH)
        if presented is not None:
            return end_refresh(await self._genuine(presented.grant_id, presented.secret), client)
        access = await self._access_tokens.verify(token, self._clock())
        if access is None:
            return NothingToEnd(Reason.GARBAGE)
        return end_access(access.jti, access.client_id, access.gid, Millis(access.expires_at), client)

    async def _genuine(self, grant_id: GrantId, secret: bytes) -> Grant | None:
        facts = await self._reader.grant(grant_id)
        if facts is None or secret_digest(grant_id, secret) != facts.grant.secret_digest:
            return None
        return facts.grant
