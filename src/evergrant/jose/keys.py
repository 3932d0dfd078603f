"""Signing keys and public keys. Each has exactly one algorithm and is named by its thumbprint (RFC 7638)."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, assert_never, get_args

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from joserfc.errors import JoseError as JoserfcError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from evergrant.jose.edwards import is_sound
from evergrant.jose.errors import BadKey

Alg = Literal["ES256", "RS256"]
"""The signature algorithms we make. RFC 7518 §3.1."""

VerifyAlg = Literal["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA", "Ed25519"]
"""The signature algorithms we can verify, for issuers that are not ours. RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2.

Never `none`, and never an HMAC: what verifies it could make it as well.
"""

VERIFY_ALGS: Final[frozenset[VerifyAlg]] = frozenset(get_args(VerifyAlg))

EDWARDS: Final[frozenset[VerifyAlg]] = frozenset({"EdDSA", "Ed25519"})
"""Two names of one algorithm, because Ed25519 is the only curve of the kind that we take. RFC 9864 §2.2."""

# What a key of that curve, or RSA, can be used with: first what is meant if the key does not say.
_ALGS_OF_CURVE: Final[Mapping[str, tuple[VerifyAlg, ...]]] = {
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("EdDSA", "Ed25519"),
}
_ALGS_OF_RSA: Final[tuple[VerifyAlg, ...]] = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")

RSA_BITS: Final = 2048
_MAX_RSA_BITS: Final = 8192
_MIN_EXPONENT: Final = 65537
_MAX_KID: Final = 512
_PUBLIC_MEMBERS: Final = {"EC": ("kty", "crv", "x", "y"), "OKP": ("kty", "crv", "x"), "RSA": ("kty", "n", "e")}
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key to verify with. `kid` is our thumbprint, or whatever a foreign issuer calls the key."""

    kid: str
    alg: VerifyAlg
    # joserfc's key is kept because importing one costs more than a verification.
    native: ECKey | OKPKey | RSAKey = field(repr=False)
    # An EC key itself, at hand: joserfc finds out at each look what kind of key it has.
    elliptic: ec.EllipticCurvePublicKey | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        public = self.native.public_key
        elliptic = public if isinstance(public, ec.EllipticCurvePublicKey) else None
        object.__setattr__(self, "elliptic", elliptic)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> PublicKey:
        """Read one member of a JWK Set (RFC 7517 §5).

        Its algorithm is the one it names, or else the usual one of its type and curve. Raises `BadKey` for private
        or symmetric members, an algorithm or curve we do not use, a point off the curve or of small order, a key
        not meant for signatures, or RSA below 2048 bits or with a small exponent.
        """
        if not _PRIVATE_MEMBERS.isdisjoint(jwk):
            raise BadKey("the key has private members")
        _check_use(jwk)
        native = _import_public(jwk)
        kid = jwk.get("kid", native.thumbprint())
        if not isinstance(kid, str) or not 0 < len(kid) <= _MAX_KID:
            raise BadKey("the key's kid is not a text of 1 to 512 characters")
        return cls(kid, _alg_named(jwk.get("alg"), _algs_of(native)), native)

    def jwk(self) -> dict[str, str]:
        """The key as published: public members only. RFC 7517 §4."""
        members = self.native.as_dict(private=False)
        return {
            "kid": self.kid,
            "use": "sig",
            "alg": self.alg,
            **{name: str(members[name]) for name in _PUBLIC_MEMBERS[self.native.key_type]},
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self.jwk() == other.jwk()

    def __hash__(self) -> int:
        return hash((self.kid, self.alg))


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key to sign with.

    Prints its name only. Two are equal if they have the same thumbprint and algorithm.
    """

    kid: str
    alg: Alg
    native: ECKey | RSAKey = field(repr=False, compare=False)
    # The private half of an EC key, at hand: joserfc finds out at each look what kind of key it has.
    elliptic: ec.EllipticCurvePrivateKey | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        private = self.native.private_key
        elliptic = private if isinstance(private, ec.EllipticCurvePrivateKey) else None
        object.__setattr__(self, "elliptic", elliptic)

    @classmethod
    def from_der(cls, alg: Alg, der: bytes) -> SigningKey:
        """Read PKCS #8. Raises `BadKey` if it is no such key, too weak, or not one for `alg`."""
        try:
            private = load_der_private_key(der, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # No cause: it may quote the key.
            raise BadKey("not an unencrypted PKCS #8 private key") from None
        if not isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise BadKey("neither an EC nor an RSA key")
        return _signing_key(alg, private)

    def to_der(self) -> bytes:
        """PKCS #8 without encryption. For a caller that encrypts it at once; never write it as it is."""
        private = self.native.private_key
        if private is None:
            raise BadKey("the key has no private part")
        return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    def public(self) -> PublicKey:
        """What may be published of this key."""
        return PublicKey.from_jwk({**self.native.as_dict(private=False), "kid": self.kid, "alg": self.alg})


def generate(alg: Alg) -> SigningKey:
    """Make a new key: P-256 for ES256, 2048 bit RSA for RS256. The only place here that uses chance."""
    match alg:
        case "ES256":
            return _signing_key(alg, ec.generate_private_key(ec.SECP256R1()))
        case "RS256":
            return _signing_key(alg, rsa.generate_private_key(_MIN_EXPONENT, RSA_BITS))
        case _:
            assert_never(alg)


def _signing_key(alg: Alg, private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> SigningKey:
    native = _wrap(private)
    if _algs_of(native)[0] != alg:
        raise BadKey(f"not a key for {alg}")
    return SigningKey(native.thumbprint(), alg, native)


def _wrap(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> ECKey | RSAKey:
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return ECKey(private, private)
    return RSAKey(private, private)


def _import_public(jwk: Mapping[str, object]) -> ECKey | OKPKey | RSAKey:
    match jwk.get("kty"):
        case "EC":
            kind: type[ECKey | OKPKey | RSAKey] = ECKey
        case "OKP":
            kind = OKPKey
        case "RSA":
            kind = RSAKey
        case _:
            raise BadKey("the key's type is not one of ours")
    members = _texts(jwk, *_PUBLIC_MEMBERS[kind.key_type])
    if kind is RSAKey:
        _check_modulus(str(members["n"]))
    try:
        return kind.import_key(members)
    except (JoserfcError, ValueError, TypeError, KeyError):
        # KeyError: a curve that joserfc does not know.
        raise BadKey("the key's numbers are not a valid key") from None


def _texts(jwk: Mapping[str, object], *names: str) -> dict[str, str | list[str]]:
    # Only these go on: `x5u`, `x5c` and whatever else a stranger adds is never read (S-088).
    members: dict[str, str | list[str]] = {name: value for name in names if isinstance(value := jwk.get(name), str)}
    if len(members) != len(names):
        raise BadKey("the key lacks a member, or one is not a text")
    return members


def _check_modulus(modulus: str) -> None:
    # Before joserfc sees it: a weak key only makes it warn, and numbers without bound cost time.
    if not 0 < len(modulus) <= _MAX_RSA_BITS // 6 + 1:
        raise BadKey("an RSA key has 2048 to 8192 bits")
    try:
        number = int.from_bytes(urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4)))
    except ValueError:
        raise BadKey("the key's numbers are not base64url") from None
    if number.bit_length() < RSA_BITS:
        raise BadKey("an RSA key has 2048 to 8192 bits")


def _check_use(jwk: Mapping[str, object]) -> None:
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        raise BadKey("the key is not for verifying signatures")


def _alg_named(name: object, algs: tuple[VerifyAlg, ...]) -> VerifyAlg:
    """The algorithm that a key names, of those that it can be used with."""
    if name is None:
        return algs[0]
    for alg in algs:
        if alg == name:
            return alg
    raise BadKey("the key's algorithm is not one of ours, or not for such a key")


def _algs_of(native: ECKey | OKPKey | RSAKey) -> tuple[VerifyAlg, ...]:
    """What a key can be used with, the usual one first. Raises `BadKey` for a weak one."""
    if isinstance(native, RSAKey):
        _check_rsa(native.public_key)
        return _ALGS_OF_RSA
    try:
        algs = _ALGS_OF_CURVE[native.curve_name]
    except KeyError:
        raise BadKey("the key's curve is not one of ours") from None
    if isinstance(native, OKPKey) and not is_sound(native.public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)):
        raise BadKey("the key is no point of the curve, or one of small order")
    return algs


def _check_rsa(public: rsa.RSAPublicKey) -> None:
    if not RSA_BITS <= public.key_size <= _MAX_RSA_BITS:
        raise BadKey("an RSA key has 2048 to 8192 bits")
    if public.public_numbers().e < _MIN_EXPONENT:
        raise BadKey("an RSA key's exponent is at least 65537")
