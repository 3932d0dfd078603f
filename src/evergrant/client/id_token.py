"""What an ID token must be before a client believes it. OpenID Connect Core §3.1.3.7."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final

from evergrant.client.errors import ProtocolError
from evergrant.jose.claims import Claims, SignedClaims
from evergrant.jose.errors import JoseError, JoseReason
from evergrant.jose.keys import VERIFY_ALGS, PublicKey
from evergrant.jose.verifying import UNTYPED, Expect, verify
from evergrant.protocol.claims import at_hash
from evergrant.protocol.provider import Provider
from evergrant.protocol.secret import Secret

LEEWAY_S: Final = 60


class UnbelievedIdToken(ProtocolError):
    """The ID token is not to be believed. `reason` is what the check of its signature, issuer or times found."""

    def __init__(self, why: str, reason: JoseReason | None = None) -> None:
        super().__init__(why, reason)
        self.why = why
        self.reason = reason

    def __str__(self) -> str:
        return self.why


def check_id_token(
    token: Secret,
    *,
    provider: Provider,
    client_id: str,
    keys: Mapping[str, PublicKey],
    access_token: Secret,
    nonce: str | None,
    now_s: int,
) -> Claims:
    """The claims of a genuine ID token. `nonce` is None after a refresh (§12.2). Raises UnbelievedIdToken."""
    expect = Expect(
        keys=keys,
        algorithms=VERIFY_ALGS,
        typ=frozenset({"JWT", UNTYPED}),
        issuer=provider.issuer,
        audience=client_id,
        leeway_s=LEEWAY_S,
        kid="by algorithm",
    )
    try:
        claims = verify(token.reveal(), expect, now_s)
        _check(claims, client_id, access_token, nonce)
    except JoseError as error:
        raise UnbelievedIdToken(f"the ID token is not to be believed: {error.reason.value}", error.reason) from None
    return claims


def check_same_person(claims: Claims, subject: str | None) -> None:
    """An ID token from a refresh is about whom the first was about (§12.2). Raises UnbelievedIdToken."""
    if subject is not None and claims.subject != subject:
        raise UnbelievedIdToken("the new ID token is about somebody else")


def _check(claims: SignedClaims, client_id: str, access_token: Secret, nonce: str | None) -> None:
    if not claims.subject:
        raise UnbelievedIdToken("the ID token has no sub")
    if nonce is not None and claims.text("nonce") != nonce:
        raise UnbelievedIdToken("the ID token has another nonce")
    if claims.text("azp") not in (None, client_id) or (len(claims.audience) > 1 and claims.text("azp") is None):
        raise UnbelievedIdToken("the ID token was issued to another client")
    said, known = claims.text("at_hash"), at_hash(access_token.reveal(), claims.alg)
    if said is not None and not hmac.compare_digest(said.encode("utf-8", "surrogatepass"), known.encode()):
        raise UnbelievedIdToken("the ID token belongs to another access token")
