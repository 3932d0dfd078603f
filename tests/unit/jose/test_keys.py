"""Signing keys and public keys. RFC 7517, RFC 7518 §6, RFC 7638."""

import json
import pickle
from typing import get_args

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey, OctKey, OKPKey

from evergrant.jose import jwks
from evergrant.jose.errors import BadKey
from evergrant.jose.keys import Alg, PublicKey, SigningKey, VerifyAlg, generate
from tests.unit.jose.strangers import Private, new_private, private_members, public_members

ALGS: tuple[Alg, ...] = get_args(Alg)
KEYS: dict[Alg, SigningKey] = {alg: generate(alg) for alg in ALGS}
PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi"}


def der_of(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("alg", ALGS)
def test_a_key_comes_back_from_its_der_with_the_same_name(alg: Alg) -> None:
    again = SigningKey.from_der(alg, KEYS[alg].to_der())

    assert again == KEYS[alg]
    assert again.public() == KEYS[alg].public()
    assert again.to_der() == KEYS[alg].to_der()


def test_the_name_of_a_key_is_its_thumbprint() -> None:
    """The example of RFC 7638 §3.1."""
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o"
        "knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHz"
        "u6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8"
        "awapJzKnqDKgw"
    )

    key = PublicKey.from_jwk({"kty": "RSA", "n": modulus, "e": "AQAB"})

    assert key.kid == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert key.alg == "RS256"


@pytest.mark.parametrize("alg", ALGS)
def test_a_key_prints_its_name_and_nothing_private(alg: Alg) -> None:
    private = KEYS[alg].native.as_dict(private=True)

    shown = f"{KEYS[alg]!r} {KEYS[alg]} {KEYS[alg].public()!r}"

    assert KEYS[alg].kid in shown
    assert not any(str(private[name]) in shown for name in PRIVATE_MEMBERS & set(private))


@pytest.mark.parametrize("alg", ALGS)
def test_a_signing_key_is_not_pickled(alg: Alg) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(KEYS[alg])


@pytest.mark.parametrize("alg", ALGS)
def test_a_published_key_has_its_algorithm_and_use_and_public_members_only(alg: Alg) -> None:
    published = KEYS[alg].public().jwk()

    assert (published["alg"], published["use"], published["kid"]) == (alg, "sig", KEYS[alg].kid)
    assert PRIVATE_MEMBERS.isdisjoint(published)
    assert PublicKey.from_jwk(json.loads(json.dumps(published))) == KEYS[alg].public()


def test_keys_of_different_kinds_are_not_one_another() -> None:
    assert KEYS["ES256"] != KEYS["RS256"]
    assert len({KEYS["ES256"].public(), KEYS["RS256"].public(), KEYS["ES256"].public()}) == 2


@pytest.mark.parametrize(
    ("alg", "der"),
    [
        ("RS256", KEYS["ES256"].to_der()),
        ("ES256", KEYS["RS256"].to_der()),
        ("ES256", der_of(ec.generate_private_key(ec.SECP384R1()))),
        ("ES256", der_of(ed25519.Ed25519PrivateKey.generate())),
        ("RS256", der_of(rsa.generate_private_key(65537, 1024))),
        ("RS256", der_of(rsa.generate_private_key(3, 2048))),
        ("ES256", b""),
        ("ES256", b"\x30\x03\x02\x01\x00"),
    ],
    ids=["EC as RSA", "RSA as EC", "P-384", "Ed25519", "1024 bits", "exponent 3", "empty", "no key"],
)
def test_s083_a_private_key_that_is_weak_or_of_another_kind_is_refused(alg: Alg, der: bytes) -> None:
    with pytest.raises(BadKey):
        SigningKey.from_der(alg, der)


@pytest.mark.parametrize("alg", ALGS)
def test_s083_a_key_set_member_with_private_members_is_refused(alg: Alg) -> None:
    with pytest.raises(BadKey, match="private"):
        PublicKey.from_jwk(KEYS[alg].native.as_dict(private=True))


EC_JWK: dict[str, object] = {**KEYS["ES256"].public().jwk()}
RSA_JWK: dict[str, object] = {**KEYS["RS256"].public().jwk()}
# The example of RFC 8037 appendix A.2.
OKP_JWK: dict[str, object] = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {**EC_JWK, "alg": "ES384"},
        {**EC_JWK, "alg": "HS256"},
        {**EC_JWK, "alg": "RS256"},
        {**EC_JWK, "alg": "none"},
        {**EC_JWK, "alg": 7},
        {**EC_JWK, "kty": "RSA"},
        {**EC_JWK, "kty": ["EC"]},
        {**EC_JWK, "crv": "P-384"},
        {**EC_JWK, "crv": "secp256k1"},
        {**EC_JWK, "use": "enc"},
        {**EC_JWK, "key_ops": ["encrypt"]},
        {**EC_JWK, "key_ops": "verify"},
        {**EC_JWK, "kid": 1},
        {**EC_JWK, "kid": ""},
        {**EC_JWK, "kid": "k" * 513},
        {**EC_JWK, "y": None},
        {**EC_JWK, "x": EC_JWK["y"]},
        {**EC_JWK, "x": "not base64!"},
        {**EC_JWK, "x": "AAAA"},
        {**RSA_JWK, "n": 17},
        {**RSA_JWK, "n": ""},
        {**RSA_JWK, "e": "Aw"},
        {**RSA_JWK, "alg": "ES256"},
        {**RSA_JWK, "alg": "EdDSA"},
        {**RSA_JWK, "alg": "HS256"},
        {**RSA_JWK, "alg": "RSA-OAEP"},
        {**RSA_JWK, "alg": ["RS256"]},
        {**RSA_JWK, "n": str(RSA_JWK["n"])[:171]},
        {**RSA_JWK, "n": "A" * 171 + str(RSA_JWK["n"])[:171]},
        {**RSA_JWK, "n": str(RSA_JWK["n"]) * 5},
        {**RSA_JWK, "n": "é" * 342},
        {**ECKey.generate_key("secp256k1", private=False).as_dict()},
        {**ECKey.generate_key("P-521", private=False).as_dict(), "alg": "ES256"},
        {**ECKey.generate_key("P-384", private=False).as_dict(), "alg": "ES512"},
        {**ECKey.generate_key("P-384", private=False).as_dict(), "crv": "P-521"},
        {**ECKey.generate_key("P-384", private=False).as_dict(), "x": "AAAA"},
        {**OctKey.generate_key(256).as_dict(private=True)},
        {**OKP_JWK, "alg": "ES256"},
        {**OKP_JWK, "alg": "RS256"},
        {**OKP_JWK, "alg": "Ed448"},
        {**OKP_JWK, "alg": "HS256"},
        {**OKP_JWK, "crv": "Ed448"},
        {**OKP_JWK, "crv": "X25519"},
        {**OKP_JWK, "crv": "P-256"},
        {**OKP_JWK, "crv": "ed25519"},
        {**OKP_JWK, "crv": None},
        {**OKP_JWK, "kty": "EC"},
        {**OKP_JWK, "kty": "EC", "y": OKP_JWK["x"]},
        {**OKP_JWK, "use": "enc"},
        {**OKP_JWK, "x": ""},
        {**OKP_JWK, "x": str(OKP_JWK["x"])[:-1]},
        {**OKP_JWK, "x": str(OKP_JWK["x"]) + "AA"},
        {**OKP_JWK, "x": str(OKP_JWK["x"]) + "="},
        {**EC_JWK, "crv": "Ed25519"},
        {**OKPKey.generate_key("Ed448", private=False).as_dict()},
        {**OKPKey.generate_key("X25519", private=False).as_dict()},
        {**OKPKey.generate_key("X25519", private=False).as_dict(), "alg": "EdDSA"},
    ],
)
def test_s081_s083_a_public_key_that_is_weak_or_of_another_kind_is_refused(jwk: dict[str, object]) -> None:
    with pytest.raises(BadKey):
        PublicKey.from_jwk(jwk)


USUAL: dict[VerifyAlg, Private] = {alg: new_private(alg) for alg in ("ES256", "ES384", "ES512", "RS256", "EdDSA")}


@pytest.mark.parametrize(("usual", "private"), USUAL.items())
def test_a_key_that_names_no_algorithm_has_the_usual_one_of_its_kind(usual: VerifyAlg, private: Private) -> None:
    assert PublicKey.from_jwk(public_members(private)).alg == usual
    assert PublicKey.from_jwk({**public_members(private), "alg": None}).alg == usual


@pytest.mark.parametrize("alg", get_args(VerifyAlg))
def test_a_key_that_names_its_algorithm_has_that_one_and_comes_back_as_it_was(alg: VerifyAlg) -> None:
    jwk = {**public_members(new_private(alg)), "alg": alg, "use": "sig", "kid": "theirs", "key_ops": ["verify"]}

    key = PublicKey.from_jwk(jwk)

    assert (key.alg, key.kid) == (alg, "theirs")
    assert {**key.jwk(), "key_ops": ["verify"]} == jwk
    assert PublicKey.from_jwk(key.jwk()) == key


def test_an_ed25519_key_is_named_by_its_thumbprint() -> None:
    """RFC 8037 appendix A.3."""
    assert PublicKey.from_jwk(OKP_JWK).kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("private", USUAL.values(), ids=USUAL)
def test_s083_a_foreign_key_with_private_members_is_refused(private: Private) -> None:
    with pytest.raises(BadKey, match="private"):
        PublicKey.from_jwk(private_members(private))


def test_s088_what_else_a_stranger_puts_into_a_key_is_not_read() -> None:
    key = PublicKey.from_jwk({**EC_JWK, "x5u": "https://evil.example/", "x5c": ["x"], "oddity": {"a": 1}})

    assert key.jwk() == EC_JWK


def test_a_key_set_comes_back_as_it_was_published() -> None:
    keys = [key.public() for key in KEYS.values()]

    assert jwks.read(json.loads(json.dumps(jwks.publish(keys)))) == {key.kid: key for key in keys}


def test_members_of_a_key_set_that_we_cannot_use_are_passed_over() -> None:
    """RFC 7517 §5."""
    private = KEYS["RS256"].native.as_dict(private=True)
    document: dict[str, object] = {"keys": [{"kty": "AKP"}, "text", None, private, EC_JWK]}

    assert list(jwks.read(document)) == [EC_JWK["kid"]]


def test_s083_one_kid_for_two_keys_is_refused() -> None:
    document: dict[str, object] = {"keys": [EC_JWK, {**RSA_JWK, "kid": EC_JWK["kid"]}]}

    with pytest.raises(BadKey, match="two different keys"):
        jwks.read(document)

    assert len(jwks.read({"keys": [EC_JWK, EC_JWK]})) == 1


@pytest.mark.parametrize("order", [1, -1])
def test_an_rsa_key_listed_once_for_each_algorithm_is_one_for_rs256(order: int) -> None:
    """OpenID Connect Discovery §3: every provider signs so."""
    listed = [{**RSA_JWK, "alg": alg} for alg in ("PS256", "RS256", "RS512")]

    assert jwks.read({"keys": listed[::order]}) == {RSA_JWK["kid"]: KEYS["RS256"].public()}
    assert jwks.read({"keys": [listed[0], listed[2]]})[str(RSA_JWK["kid"])].alg == "PS256"


@pytest.mark.parametrize("document", [{}, {"keys": {}}, {"keys": None}, {"keys": [EC_JWK] * 101}])
def test_what_is_no_key_set_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(BadKey):
        jwks.read(document)
