"""Answers userinfo requests. OpenID Connect Core §5.3."""

from evergrant.core.reasons import Reason
from evergrant.protocol.claims import userinfo_claims
from evergrant.protocol.errors import InsufficientScope, InvalidToken
from evergrant.protocol.secret import Secret
from evergrant.server.engine.live_access import LiveAccess


class UserInfo:
    """The subject's claims, as they are now, that the token's scope allows."""

    def __init__(self, live_access: LiveAccess) -> None:
        self._live_access = live_access

    async def claims(self, token: Secret) -> dict[str, object]:
        """Raises InvalidToken, InsufficientScope (RFC 6750 §3.1) or StoreUnavailable."""
        live = await self._live_access.of(token)
        if live is None:
            raise InvalidToken("The access token is invalid, expired or revoked.", reason=Reason.UNKNOWN)
        if live.facts is None or live.facts.subject is None or "openid" not in live.access.scope:
            raise InsufficientScope("The openid scope is needed here.", scope="openid", reason=Reason.TOO_WIDE_SCOPE)
        subject = live.facts.subject
        return userinfo_claims(subject.id, subject.claims, live.access.scope, subject.roles)
