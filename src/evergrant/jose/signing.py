"""Makes compact JSON Web Signatures. RFC 7515 §7.1, RFC 7519."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache

from joserfc.jws import JWSRegistry

from evergrant.jose.keys import Alg, SigningKey

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def sign(claims: Mapping[str, object], key: SigningKey, typ: str) -> str:
    """A signed token with the header `alg`, `kid` and `typ` and nothing else.

    Raises `ValueError` or `TypeError` for claims that have no JSON (NaN, a lone surrogate, a `Secret`).

    joserfc makes the signature; the header is made once a key and type, because joserfc's own `jwt.encode`
    checks and encodes it anew for each token, which costs as much as an ES256 signature.
    """
    payload = _encode(dict(claims)).encode("utf-8")
    signed = _header(key.alg, key.kid, typ) + _base64url(payload)
    signature = JWSRegistry.algorithms[key.alg].sign(signed, key.native)
    return (signed + b"." + _base64url(signature)).decode("ascii")


@lru_cache(maxsize=256)
def _header(alg: Alg, kid: str, typ: str) -> bytes:
    return _base64url(_encode({"alg": alg, "kid": kid, "typ": typ}).encode("utf-8")) + b"."


def _base64url(octets: bytes) -> bytes:
    return urlsafe_b64encode(octets).rstrip(b"=")
