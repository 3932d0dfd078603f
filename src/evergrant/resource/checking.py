"""Whether a token is a good access token for this API. Pure: keys and time are arguments. RFC 9068 §4, RFC 8725."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evergrant.jose.claims import Claims
from evergrant.jose.errors import JoseError, JoseReason
from evergrant.jose.keys import PublicKey
from evergrant.jose.verifying import UNTYPED, AnyAudience, Expect, verify
from evergrant.protocol.claims import ACCESS_TOKEN_TYPE
from evergrant.protocol.values import Millis
from evergrant.resource.access_token import AccessToken
from evergrant.resource.declaration import Profile, Resource

_TYPES: Final = {
    Profile.RFC9068: frozenset({ACCESS_TOKEN_TYPE}),
    Profile.FOREIGN: frozenset({ACCESS_TOKEN_TYPE, "JWT", UNTYPED}),
}
# What an ID token has and an access token has not: it tells a client who signed in, and opens no API.
_OF_ID_TOKENS: Final = ("nonce", "at_hash", "c_hash")


class Checker:
    """Knows what a token for `resource` must be."""

    __slots__ = ("_expect", "_keys", "_resource")

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self._keys: Mapping[str, PublicKey] = {}
        self._expect = self._expecting(self._keys)

    def check(self, token: str, keys: Mapping[str, PublicKey], now: Millis) -> AccessToken:
        """The token, signed by one of `keys` and good at `now`. Raises JoseError, which says what is wrong.

        `keys` are those of the declared issuer. No token is put into an error.
        """
        if keys is not self._keys:
            self._keys, self._expect = keys, self._expecting(keys)
        return read(verify(token, self._expect, now // 1000), self._resource)

    def _expecting(self, keys: Mapping[str, PublicKey]) -> Expect:
        return Expect(
            keys=keys,
            algorithms=frozenset(self._resource.algorithms),
            typ=_TYPES[self._resource.profile],
            issuer=self._resource.issuer,
            # Any of several will do, so it is looked at in `read`.
            audience=AnyAudience(),
            leeway_s=self._resource.leeway_s,
            kid="by algorithm" if self._resource.profile is Profile.FOREIGN else "required",
        )


def read(claims: Claims, resource: Resource) -> AccessToken:
    """What a genuine token of the issuer says. Raises JoseError if it is not one for `resource`.

    A token that is bound to a key (`cnf`) is refused: without the proof it is somebody's copy (RFC 9449 §7.1).
    """
    if resource.audiences.isdisjoint(claims.audience):
        raise JoseError(JoseReason.AUDIENCE)
    values = claims.values
    if "cnf" in values:
        raise JoseError(JoseReason.CLAIM)
    client, token_id = _client(claims, resource.profile), claims.text("jti")
    match resource.profile:
        case Profile.RFC9068:
            # RFC 9068 §2.2: these are always there.
            if not client or not token_id:
                raise JoseError(JoseReason.CLAIM)
        case Profile.FOREIGN:
            if any(name in values for name in _OF_ID_TOKENS):
                raise JoseError(JoseReason.TYPE)
    auth_time = claims.integer("auth_time")
    return AccessToken(
        issuer=claims.issuer,
        subject=claims.subject,
        client_id=client,
        audience=claims.audience,
        scopes=resource.expand(_scopes(claims, resource.profile)),
        roles=_roles(values, resource.roles_claim),
        expires_at=Millis(claims.expires_at_s * 1000),
        issued_at=Millis(claims.issued_at_s * 1000),
        token_id=token_id,
        auth_time=None if auth_time is None else Millis(auth_time * 1000),
        acr=claims.text("acr"),
        amr=claims.texts("amr"),
        grant_id=claims.text("gid"),
        claims=values,
    )


def _client(claims: Claims, profile: Profile) -> str | None:
    client = claims.text("client_id")
    if client is None and profile is Profile.FOREIGN:
        client = claims.text("azp") or claims.text("cid")
    return client


def _scopes(claims: Claims, profile: Profile) -> tuple[str, ...]:
    """RFC 9068 §2.2.3 writes them in one text; others write a list, or call it `scp`."""
    name = "scp" if profile is Profile.FOREIGN and "scope" not in claims.values else "scope"
    if profile is Profile.FOREIGN and isinstance(claims.values.get(name), list):
        return claims.texts(name)
    return tuple((claims.text(name) or "").split())


def _roles(values: Mapping[str, object], path: str) -> frozenset[str]:
    """RFC 9068 §2.2.3.1. Whoever has none has none: what is written otherwise gives nobody a role."""
    found: object = values
    for name in path.split(".") if path not in values else [path]:
        found = found.get(name) if isinstance(found, Mapping) else None
    return frozenset(role for role in found if isinstance(role, str)) if isinstance(found, list) else frozenset()
