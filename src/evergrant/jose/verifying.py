"""Verifies compact JSON Web Signatures.

The caller says key, algorithms, type, issuer and audience, or gets nothing.
RFC 8725 is the policy; joserfc and cryptography check the signature. The token is never put into an error.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from joserfc.jws import JWSRegistry

from evergrant.jose.claims import SignedClaims, whole_number
from evergrant.jose.errors import JoseError, JoseReason
from evergrant.jose.keys import EDWARDS, PublicKey, VerifyAlg
from evergrant.jose.strict_json import read_object

MAX_TOKEN_BYTES: Final = 16 * 1024
MAX_LEEWAY_S: Final = 300

UNTYPED: Final = ""
"""In `Expect.typ`: a token without `typ` will do. Only for ID tokens of issuers that send none."""

_COMPACT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_TO_BASE64: Final = bytes.maketrans(b"-_", b"+/")
# By how many characters are over after the last four: no single one is, and of two or three the last has left-over
# bits that are 0.
_LAST: Final = ("", "", "AQgw", "AEIMQUYcgkosw048")
_PADDING: Final = (b"", b"", b"==", b"=")
# `crit` names extensions and we have none; `b64` and `zip` change what was signed; `enc` is another kind of
# object.
_FORBIDDEN: Final = frozenset({"crit", "b64", "zip", "enc"})
# With the octets of each of a signature's two numbers.
_ECDSA: Final[Mapping[VerifyAlg, tuple[ECDSA, int]]] = {
    "ES256": (ECDSA(SHA256()), 32),
    "ES384": (ECDSA(SHA384()), 48),
    "ES512": (ECDSA(SHA512()), 66),
}


@dataclass(frozen=True, slots=True)
class AnyAudience:
    """The caller looks at `aud` itself, as introspection does for tokens of several APIs."""


@dataclass(frozen=True, slots=True)
class Live:
    """The token must not have expired."""


@dataclass(frozen=True, slots=True)
class ExpiredAllowed:
    """A true token is enough, however old: `id_token_hint` (OpenID Connect RP-Initiated Logout §2)."""


@dataclass(frozen=True, slots=True)
class Expect:
    """What a token must be. There is no way to verify without saying all of it (RFC 8725 §3.1).

    `keys` are the trusted keys of `issuer`, by `kid`. `EdDSA` and `Ed25519` stand for each other in `algorithms`,
    in a key and in a token, for they are one algorithm (RFC 9864 §2.2). `typ` is compared without case and without
    `application/`. `leeway_s` is the tolerated difference of clocks, 0 to 300 seconds. `kid` "by algorithm" lets a
    token name no key if just one of `keys` has its algorithm: an issuer with one key need not name it (OpenID Connect
    Core §10.1).
    """

    keys: Mapping[str, PublicKey] | Callable[[str], PublicKey | None]
    algorithms: frozenset[VerifyAlg]
    typ: frozenset[str]
    issuer: str
    audience: str | AnyAudience
    leeway_s: int
    expiry: Live | ExpiredAllowed = Live()
    kid: Literal["required", "by algorithm"] = "required"

    def __post_init__(self) -> None:
        if not self.algorithms or not self.typ or not self.issuer or self.audience == "":
            raise ValueError("algorithms, typ, issuer and audience must be given")
        if not 0 <= self.leeway_s <= MAX_LEEWAY_S:
            raise ValueError("leeway_s is 0 to 300 seconds")
        if not EDWARDS.isdisjoint(self.algorithms):
            object.__setattr__(self, "algorithms", self.algorithms | EDWARDS)
        object.__setattr__(self, "typ", frozenset(_bare_type(typ) for typ in self.typ))


def verify(token: str, expect: Expect, now_s: int) -> SignedClaims:
    """The claims of `token` at `now_s` (seconds since 1970).

    Raises `JoseError` if anything is not as expected.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise JoseError(JoseReason.TOO_LARGE)
    if _COMPACT.fullmatch(token) is None:
        raise JoseError(JoseReason.MALFORMED)
    signed, _, signature = token.rpartition(".")
    header, _, payload = signed.partition(".")
    key = _choose_key(_header(header), expect)
    _check_signature(signed.encode("ascii"), _octets(signature), key)
    # The payload is read only now: nothing of a stranger's making reaches the JSON reader but the header.
    return _check_claims(_object(payload), key.alg, expect, now_s)


def _choose_key(header: Mapping[str, object], expect: Expect) -> PublicKey:
    """The trusted key of that name. `jwk`, `jku`, `x5u` and `x5c` are never looked at (RFC 8725 §3.10)."""
    if not _FORBIDDEN.isdisjoint(header):
        raise JoseError(JoseReason.FORBIDDEN_HEADER)
    alg, kid, typ = header.get("alg"), header.get("kid"), header.get("typ", UNTYPED)
    if not isinstance(alg, str) or alg not in expect.algorithms:
        raise JoseError(JoseReason.ALGORITHM)
    if not isinstance(typ, str) or _bare_type(typ) not in expect.typ:
        raise JoseError(JoseReason.TYPE)
    if kid is None and expect.kid == "by algorithm":
        key = _only_key(alg, expect)
    elif isinstance(kid, str):
        key = expect.keys(kid) if callable(expect.keys) else expect.keys.get(kid)
    else:
        key = None
    if key is None:
        raise JoseError(JoseReason.UNKNOWN_KEY)
    if key.alg != alg and not EDWARDS.issuperset((key.alg, alg)):
        raise JoseError(JoseReason.ALGORITHM)
    return key


def _only_key(alg: str, expect: Expect) -> PublicKey | None:
    """None if there is none of that algorithm, or a choice: nobody's guess decides by which key a token is believed."""
    if callable(expect.keys):
        return None
    of_alg = [key for key in expect.keys.values() if key.alg == alg or EDWARDS.issuperset((key.alg, alg))]
    return of_alg[0] if len(of_alg) == 1 else None


def _check_signature(signed: bytes, signature: bytes, key: PublicKey) -> None:
    try:
        genuine = _is_genuine(signed, signature, key)
    except ValueError:
        genuine = False
    if not genuine:
        raise JoseError(JoseReason.SIGNATURE)


def _is_genuine(signed: bytes, signature: bytes, key: PublicKey) -> bool:
    if key.elliptic is None:
        return JWSRegistry.algorithms[key.alg].verify(signed, signature, key.native)
    # RFC 7518 §3.4, without joserfc, as in signing: two numbers of the curve's length, and nothing else.
    ecdsa, size = _ECDSA[key.alg]
    if len(signature) != 2 * size:
        return False
    r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    try:
        key.elliptic.verify(encode_dss_signature(r, s), signed, ecdsa)
    except InvalidSignature:
        return False
    return True


def _check_claims(values: Mapping[str, object], alg: VerifyAlg, expect: Expect, now_s: int) -> SignedClaims:
    if values.get("iss") != expect.issuer:
        raise JoseError(JoseReason.ISSUER)
    if "sub" in values and not (isinstance(values["sub"], str) and values["sub"]):
        raise JoseError(JoseReason.CLAIM)
    audience = _audience(values.get("aud"))
    if not isinstance(expect.audience, AnyAudience) and expect.audience not in audience:
        raise JoseError(JoseReason.AUDIENCE)
    expires, issued = whole_number(values.get("exp")), whole_number(values.get("iat"))
    begins = whole_number(values["nbf"]) if "nbf" in values else issued
    if max(issued, begins) > now_s + expect.leeway_s:
        raise JoseError(JoseReason.NOT_YET_VALID)
    if isinstance(expect.expiry, Live) and now_s >= expires + expect.leeway_s:
        raise JoseError(JoseReason.EXPIRED)
    return SignedClaims(expect.issuer, audience, expires, issued, values, alg)


def _audience(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    audience = tuple(item for item in listed if isinstance(item, str) and item)
    if not audience or len(audience) != len(listed):
        raise JoseError(JoseReason.CLAIM)
    return audience


@lru_cache(maxsize=64)
def _header(segment: str) -> Mapping[str, object]:
    """The same few headers stand before all tokens of an issuer. What is malformed is not remembered."""
    return MappingProxyType(_object(segment))


def _object(segment: str) -> dict[str, object]:
    try:
        return read_object(_octets(segment))
    except ValueError:
        raise JoseError(JoseReason.MALFORMED) from None


def _octets(segment: str) -> bytes:
    """Decodes base64url, of no other characters. Raises `JoseError` unless it is the one way to write these bytes.

    Python ignores left-over bits, so that several texts would be one token, and a text that was revoked or
    cached could be shown again in another spelling.
    """
    over = len(segment) % 4
    if over and segment[-1] not in _LAST[over]:
        raise JoseError(JoseReason.MALFORMED)
    return a2b_base64(segment.encode("ascii").translate(_TO_BASE64) + _PADDING[over])


def _bare_type(typ: str) -> str:
    # RFC 7515 §4.1.9: media type names ignore case, and `application/` may be left out.
    return typ.lower().removeprefix("application/")
