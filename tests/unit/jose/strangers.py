"""Keys of other issuers, of each kind that we verify but do not make; signed with by `cryptography` alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from joserfc.jwk import ECKey, OKPKey, RSAKey

from evergrant.jose.keys import PublicKey, VerifyAlg

Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
Hash = SHA256 | SHA384 | SHA512

HASHES: Final[Mapping[str, Hash]] = {"256": SHA256(), "384": SHA384(), "512": SHA512()}


@dataclass(frozen=True)
class Stranger:
    """A private key under the name `kid`, used as `alg`."""

    kid: str
    alg: VerifyAlg
    private: Private

    def sign(self, octets: bytes) -> bytes:
        """A signature by RFC 7518 §3.3 to §3.5 or RFC 8037 §3.1."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(octets)
        digest = HASHES[self.alg[-3:]]
        if isinstance(self.private, rsa.RSAPrivateKey):
            pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
            return self.private.sign(octets, pss if self.alg.startswith("PS") else padding.PKCS1v15(), digest)
        r, s = decode_dss_signature(self.private.sign(octets, ec.ECDSA(digest)))
        size = (self.private.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def jwk(self) -> dict[str, object]:
        """The public key as its issuer would publish it."""
        return {**public_members(self.private), "kid": self.kid, "alg": self.alg, "use": "sig"}

    def public(self) -> PublicKey:
        """As we read it."""
        return PublicKey.from_jwk(self.jwk())


def public_members(private: Private) -> dict[str, object]:
    """A JWK without a name and an algorithm."""
    return dict(_native(private).as_dict(private=False))


def private_members(private: Private) -> dict[str, object]:
    """A JWK that gives everything away."""
    return dict(_native(private).as_dict(private=True))


def new_private(alg: VerifyAlg) -> Private:
    """A new key for `alg`."""
    match alg:
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "ES384":
            return ec.generate_private_key(ec.SECP384R1())
        case "ES512":
            return ec.generate_private_key(ec.SECP521R1())
        case "EdDSA" | "Ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512":
            return rsa.generate_private_key(65537, 2048)
        case _:
            assert_never(alg)


def _native(private: Private) -> ECKey | OKPKey | RSAKey:
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return ECKey.import_key(private)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return OKPKey.import_key(private)
    return RSAKey.import_key(private)
