"""What our tokens say: access tokens (RFC 9068), ID tokens and userinfo (OpenID Connect Core §2, §5.3).

Pure builders: identity, time and chance come in as arguments. Moments come in milliseconds and go out in
seconds.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256, sha384, sha512
from typing import Final, assert_never

from evergrant.jose.keys import VerifyAlg
from evergrant.protocol.oidc_scopes import claims_asked_by
from evergrant.protocol.record import record
from evergrant.protocol.scope import Scope
from evergrant.protocol.values import ClientId, GrantId, Millis, SubjectId, grant_id_text

ACCESS_TOKEN_TYPE: Final = "at+jwt"
"""The `typ` of an access token. RFC 9068 §2.1."""

ID_TOKEN_TYPE: Final = "JWT"

_TOKEN_CLAIMS: Final = "iss aud exp iat auth_time acr amr azp nonce at_hash sid roles"
TOKEN_CLAIMS: Final = tuple(_TOKEN_CLAIMS.split())
"""Claims of our own making, beside `STANDARD_CLAIMS`; for the discovery document."""


@record
class Authentication:
    """How and when the person proved who they are. OpenID Connect Core §2."""

    auth_time: Millis
    acr: str | None = None
    amr: tuple[str, ...] = ()

    def claims(self) -> dict[str, object]:
        """`auth_time` in seconds, `acr` and `amr` where known."""
        claims: dict[str, object] = {"auth_time": _seconds(self.auth_time)}
        if self.acr is not None:
            claims["acr"] = self.acr
        if self.amr:
            claims["amr"] = list(self.amr)
        return claims


def access_token_claims(
    *,
    issuer: str,
    subject: SubjectId,
    audience: str,
    client: ClientId,
    token_id: str,
    scope: Scope,
    now: Millis,
    lifetime_s: int,
    roles: Sequence[str] = (),
    identity: Mapping[str, object] | None = None,
    authentication: Authentication | None = None,
    grant: GrantId | None = None,
) -> dict[str, object]:
    """The claims of an access token. RFC 9068 §2.2.

    One token has one audience, so that an API cannot pass it on to another. `identity` is everything known
    of the person; only what `scope` asks for is taken. Client credentials have neither authentication nor
    grant.
    """
    issued = _seconds(now)
    claims: dict[str, object] = {} if identity is None else _identity(identity, scope)
    # Ours last: nothing known of a person may stand in for who issued the token, or for whom.
    claims |= {
        "iss": issuer,
        "sub": subject,
        "aud": audience,
        "exp": issued + lifetime_s,
        "iat": issued,
        "jti": token_id,
        "client_id": client,
        "scope": str(scope),
        "roles": list(roles),
    }
    if authentication is not None:
        claims |= authentication.claims()
    if grant is not None:
        claims["gid"] = grant_id_text(grant)
    return claims


def id_token_claims(
    *,
    issuer: str,
    subject: SubjectId,
    client: ClientId,
    scope: Scope,
    now: Millis,
    lifetime_s: int,
    authentication: Authentication,
    nonce: str | None = None,
    session: str | None = None,
    access_token_hash: str | None = None,
    identity: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """The claims of an ID token. OpenID Connect Core §2; §12.2 for refresh, where `nonce` is None."""
    issued = _seconds(now)
    claims: dict[str, object] = {} if identity is None else _identity(identity, scope)
    claims |= {
        "iss": issuer,
        "sub": subject,
        "aud": client,
        "azp": client,
        "exp": issued + lifetime_s,
        "iat": issued,
        **authentication.claims(),
    }
    optional = {"nonce": nonce, "sid": session, "at_hash": access_token_hash}
    return claims | {name: value for name, value in optional.items() if value is not None}


def userinfo_claims(
    subject: SubjectId, identity: Mapping[str, object], scope: Scope, roles: Sequence[str]
) -> dict[str, object]:
    """The answer of the userinfo endpoint: what `scope` asks for, and always `sub`.

    OpenID Connect Core §5.3.2.
    """
    return {**_identity(identity, scope), "roles": list(roles), "sub": subject}


def at_hash(access_token: str, alg: VerifyAlg) -> str:
    """The left half of the access token's digest, by the ID token's algorithm.

    OpenID Connect Core §3.1.3.6. It names no digest for Ed25519: issuers use SHA-512, as the signature itself does.
    """
    # Any text has a digest: an error of encoding would quote the token.
    octets = access_token.encode("utf-8", "surrogatepass")
    match alg:
        case "ES256" | "RS256" | "PS256":
            digest = sha256(octets).digest()
        case "ES384" | "RS384" | "PS384":
            digest = sha384(octets).digest()
        case "ES512" | "RS512" | "PS512" | "EdDSA" | "Ed25519":
            digest = sha512(octets).digest()
        case _:
            assert_never(alg)
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")


def _identity(known: Mapping[str, object], scope: Scope) -> dict[str, object]:
    if not known:
        return {}
    asked = claims_asked_by(scope)
    return {name: value for name, value in known.items() if name in asked and value is not None}


def _seconds(moment: Millis) -> int:
    return moment // 1000
