"""Signs what was decided. Nothing here is stored; a token that is signed and never sent harms nobody."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Final

import msgspec

from evergrant.core.issuance import Issuance
from evergrant.core.ports.world import Random
from evergrant.jose.keys import SigningKey
from evergrant.jose.signing import sign_json
from evergrant.protocol.claims import (
    ACCESS_TOKEN_TYPE,
    ID_TOKEN_TYPE,
    Authentication,
    access_token_claims,
    at_hash,
    id_token_claims,
)
from evergrant.protocol.record import record
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis, SubjectId
from evergrant.server.keyring import Keyring

_TOKEN_ID_SIZE: Final = 16
_encode: Final = msgspec.json.Encoder().encode


@record
class Minted:
    """Signed and ready to be sent. `expires_in` is in seconds; `jti` may be logged."""

    access_token: Secret
    expires_in: int
    id_token: Secret | None
    jti: str


class Mint:
    """Makes access tokens (RFC 9068) and ID tokens (OpenID Connect Core §2) of one issuer."""

    __slots__ = ("_issuer", "_keyring", "_random")

    def __init__(self, issuer: str, keyring: Keyring, random: Random) -> None:
        self._issuer = issuer
        self._keyring = keyring
        self._random = random

    async def prepare(self, issuance: Issuance, now: Millis) -> Minted:
        """Tokens that begin at `now`. Raises StoreUnavailable, NoSigningKey, SealedElsewhere."""
        authentication = _authentication(issuance)
        jti = urlsafe_b64encode(self._random(_TOKEN_ID_SIZE)).rstrip(b"=").decode("ascii")
        expires_in = max(1, issuance.access.lifetime // 1000)
        claims = access_token_claims(
            issuer=self._issuer,
            subject=SubjectId(issuance.subject),
            audience=issuance.access.audience,
            client=issuance.client_id,
            token_id=jti,
            scope=issuance.access.scope,
            now=now,
            lifetime_s=expires_in,
            roles=issuance.roles,
            identity=issuance.claims,
            authentication=authentication,
            grant=issuance.gid,
        )
        access_token = _sign(claims, await self._keyring.signing_key("ES256"), ACCESS_TOKEN_TYPE)
        id_token = None
        if issuance.id_token and authentication is not None:
            id_token = await self._id_token(issuance, authentication, access_token, now, expires_in)
        return Minted(Secret(access_token), expires_in, id_token, jti)

    async def _id_token(
        self, issuance: Issuance, authentication: Authentication, access_token: str, now: Millis, lifetime_s: int
    ) -> Secret:
        alg = issuance.id_token_alg
        claims: Mapping[str, object] = id_token_claims(
            issuer=self._issuer,
            subject=SubjectId(issuance.subject),
            client=issuance.client_id,
            scope=issuance.access.scope,
            now=now,
            lifetime_s=lifetime_s,
            authentication=authentication,
            nonce=issuance.nonce,
            session=issuance.sid,
            access_token_hash=at_hash(access_token, alg),
            identity=issuance.claims,
        )
        return Secret(_sign(claims, await self._keyring.signing_key(alg), ID_TOKEN_TYPE))


def _sign(claims: Mapping[str, object], key: SigningKey, typ: str) -> str:
    # A person's claims are checked when they are written: none is a number without JSON or a lone surrogate.
    return sign_json(_encode(claims), key, typ)


def _authentication(issuance: Issuance) -> Authentication | None:
    """None for client credentials: nobody signed in."""
    if issuance.auth_time is None:
        return None
    return Authentication(issuance.auth_time, issuance.acr, issuance.amr)
