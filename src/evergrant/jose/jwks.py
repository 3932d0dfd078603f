"""JSON Web Key Sets: ours as published, others' as read. RFC 7517 §5."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from evergrant.jose.errors import BadKey
from evergrant.jose.keys import PublicKey

MAX_KEYS: Final = 100


def publish(keys: Iterable[PublicKey]) -> dict[str, list[dict[str, str]]]:
    """The document at `jwks_uri`: public members only."""
    return {"keys": [key.jwk() for key in keys]}


def read(document: Mapping[str, object]) -> dict[str, PublicKey]:
    """The usable keys by `kid`; those we cannot use or must not trust are passed over, as RFC 7517 §5 asks.

    An RSA key that is listed once for each of several algorithms is one for RS256 if that is among them, because
    every OpenID provider signs so (Discovery §3), and else for the first. Raises `BadKey` if it is no key set, has
    more than 100 keys, or gives one `kid` to two different keys: which of them is meant would then depend on the
    reader.
    """
    members = document.get("keys")
    if not isinstance(members, list) or len(members) > MAX_KEYS:
        raise BadKey("not a key set of at most 100 keys")
    keys: dict[str, PublicKey] = {}
    for member in members:
        key = _usable(member)
        if key is None:
            continue
        known = keys.setdefault(key.kid, key)
        if known.native.thumbprint() != key.native.thumbprint():
            raise BadKey("one kid names two different keys")
        if key.alg == "RS256":
            keys[key.kid] = key
    return keys


def _usable(member: object) -> PublicKey | None:
    if not isinstance(member, dict):
        return None
    try:
        return PublicKey.from_jwk(member)
    except BadKey:
        return None
