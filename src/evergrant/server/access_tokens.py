"""Verifies our own access tokens by themselves; `server.engine.live_access` asks whether they were ended."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from evergrant.jose.claims import Claims
from evergrant.jose.errors import JoseError
from evergrant.jose.keys import PublicKey
from evergrant.jose.verifying import AnyAudience, Expect, verify
from evergrant.protocol.claims import ACCESS_TOKEN_TYPE
from evergrant.protocol.errors import InvalidScope
from evergrant.protocol.scope import Scope
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import ClientId, GrantId, Millis, grant_id_from_text
from evergrant.server.keyring import Keyring

CLOCK_TOLERANCE_S: Final = 5
"""A token made a moment ago by another node may seem to be of tomorrow. It never lives longer for that."""

MOST_REMEMBERED: Final = 4096
"""Verified tokens, of 2 to 3 KB each: the oldest go first."""


@dataclass(frozen=True, slots=True)
class VerifiedAccess:
    """A genuine, unexpired access token of this issuer. Moments in milliseconds; `gid` None: client credentials."""

    jti: str
    subject: str
    client_id: ClientId
    scope: Scope
    audience: str
    gid: GrantId | None
    issued_at: Millis
    expires_at: Millis
    claims: Mapping[str, object]


class AccessTokens:
    """Knows this issuer's access tokens: signature, type, issuer and expiry (RFC 9068 §4).

    What was verified is remembered until it expires: a signature is checked for 46 µs, and an API asks about the same
    token at each of its requests. Whether the token was ended since is nobody's memory: callers ask the store.
    """

    __slots__ = ("_issuer", "_keyring", "_keys", "_verified")

    def __init__(self, issuer: str, keyring: Keyring) -> None:
        self._issuer = issuer
        self._keyring = keyring
        self._keys: Mapping[str, PublicKey] = {}
        self._verified: OrderedDict[bytes, tuple[Millis, VerifiedAccess]] = OrderedDict()

    async def verify(self, token: Secret, now: Millis) -> VerifiedAccess | None:
        """The token, or None for anything else: foreign, forged, expired, an ID token. Raises StoreUnavailable."""
        keys = await self._keyring.trusted()
        if keys is not self._keys:
            # A key came or left: everything is looked at again under the keys of now.
            self._keys = keys
            self._verified.clear()
        # The digest of the whole text, signature included, so that no token is kept in clear.
        digest = sha256(token.reveal().encode("utf-8", "surrogatepass")).digest()
        at, known = self._verified.get(digest, (now, None))
        if known is None or now < at:  # a clock that was set back: the token may be of tomorrow again
            known = self._look(token, keys, now)
            if known is None:
                return None
            self._verified[digest] = now, known
            if len(self._verified) > MOST_REMEMBERED:
                self._verified.popitem(last=False)
        return known if now < known.expires_at else None

    def _look(self, token: Secret, keys: Mapping[str, PublicKey], now: Millis) -> VerifiedAccess | None:
        expect = Expect(
            keys=keys,
            algorithms=frozenset({"ES256"}),
            typ=frozenset({ACCESS_TOKEN_TYPE}),
            issuer=self._issuer,
            audience=AnyAudience(),
            leeway_s=CLOCK_TOLERANCE_S,
        )
        try:
            claims = verify(token.reveal(), expect, now // 1000)
            # The tolerance is for tokens of the next moment, not for expired ones.
            return _read(claims) if now < claims.expires_at_s * 1000 else None
        except (JoseError, InvalidScope, ValueError):
            return None


def _read(claims: Claims) -> VerifiedAccess:
    """Raises JoseError, InvalidScope or ValueError if it lacks what all of ours have."""
    (audience,) = claims.audience
    jti, client_id, gid = claims.text("jti"), claims.text("client_id"), claims.text("gid")
    if not jti or not client_id:
        raise ValueError("an access token names itself and its client")
    return VerifiedAccess(
        jti=jti,
        subject=claims.subject,
        client_id=ClientId(client_id),
        scope=Scope.parse(claims.text("scope")),
        audience=audience,
        gid=None if gid is None else grant_id_from_text(gid),
        issued_at=Millis(claims.issued_at_s * 1000),
        expires_at=Millis(claims.expires_at_s * 1000),
        claims=claims.values,
    )
