"""Reads an `id_token_hint`: our own signature is enough, however old the token. RP-Initiated Logout 1.0 §2."""

from evergrant.core.logout import Hint
from evergrant.jose.errors import JoseError
from evergrant.jose.verifying import AnyAudience, Expect, ExpiredAllowed, verify
from evergrant.protocol.claims import ID_TOKEN_TYPE
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import ClientId, Millis
from evergrant.server.access_tokens import CLOCK_TOLERANCE_S
from evergrant.server.keyring import Keyring


class IdTokenHints:
    """Knows this issuer's ID tokens."""

    def __init__(self, issuer: str, keyring: Keyring) -> None:
        self._issuer = issuer
        self._keyring = keyring

    async def read(self, hint: Secret, now: Millis) -> Hint | None:
        """What the token says, or None for anything that is not an ID token of ours. Raises StoreUnavailable."""
        expect = Expect(
            keys=await self._keyring.remembered(),
            algorithms=frozenset({"ES256", "RS256"}),
            typ=frozenset({ID_TOKEN_TYPE}),
            issuer=self._issuer,
            audience=AnyAudience(),
            leeway_s=CLOCK_TOLERANCE_S,
            expiry=ExpiredAllowed(),
        )
        try:
            claims = verify(hint.reveal(), expect, now // 1000)
            if len(claims.audience) != 1:
                return None
            return Hint(ClientId(claims.audience[0]), claims.subject, claims.text("sid"))
        except JoseError:
            return None
