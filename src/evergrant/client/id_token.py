"""What an ID token must be before a client believes it. OpenID Connect Core §3.1.3.7."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from evergrant.client.exchange import Malformed
from evergrant.jose.claims import Claims
from evergrant.jose.errors import JoseError
from evergrant.jose.keys import PublicKey
from evergrant.jose.verifying import UNTYPED, Expect, verify
from evergrant.protocol.provider import Provider
from evergrant.protocol.secret import Secret

LEEWAY_S: Final = 60


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
    """The claims of a genuine ID token. `nonce` is None after a refresh (§12.2). Raises Malformed, which says why."""
    expect = Expect(
        keys=keys,
        algorithms=frozenset({"RS256", "ES256"}),
        typ=frozenset({"JWT", UNTYPED}),
        issuer=provider.issuer,
        audience=client_id,
        leeway_s=LEEWAY_S,
    )
    try:
        claims = verify(token.reveal(), expect, now_s)
        _check(claims, client_id, access_token, nonce)
    except JoseError as error:
        raise Malformed(f"the ID token is not to be believed: {error.reason.value}") from None
    return claims


def _check(claims: Claims, client_id: str, access_token: Secret, nonce: str | None) -> None:
    if not claims.subject:
        raise Malformed("the ID token has no sub")
    if nonce is not None and claims.text("nonce") != nonce:
        raise Malformed("the ID token has another nonce")
    if claims.text("azp") not in (None, client_id) or (len(claims.audience) > 1 and claims.text("azp") is None):
        raise Malformed("the ID token was issued to another client")
    at_hash = claims.text("at_hash")
    # Both algorithms we accept hash with SHA-256 (§3.1.3.6).
    half = sha256(access_token.reveal().encode()).digest()[:16]
    if at_hash is not None and not hmac.compare_digest(at_hash, urlsafe_b64encode(half).rstrip(b"=").decode()):
        raise Malformed("the ID token belongs to another access token")
