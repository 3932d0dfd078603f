"""Tokens of issuers that are not ours, by each algorithm that we verify. RFC 7518 §3, RFC 8037, RFC 8725, RFC 9864."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, get_args

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from evergrant.jose.errors import JoseReason
from evergrant.jose.keys import EDWARDS, VERIFY_ALGS, VerifyAlg
from evergrant.jose.verifying import verify
from tests.unit.jose.forging import ATTACKER, CLAIMS, EXPECT, NOW, b64, forge, payload, reason
from tests.unit.jose.strangers import HASHES, Stranger, new_private

ALGS: Final[tuple[VerifyAlg, ...]] = get_args(VerifyAlg)
ECDSA_ALGS: Final[tuple[VerifyAlg, ...]] = ("ES256", "ES384", "ES512")
ISSUERS: Final = {alg: Stranger(f"key for {alg}", alg, new_private(alg)) for alg in ALGS}
# Under the same names, so that only the signature tells them from the issuer's.
IMPOSTORS: Final = {alg: replace(ISSUERS[alg], private=new_private(alg)) for alg in ALGS}
EXPECT_ANY: Final = replace(
    EXPECT, keys={issuer.kid: issuer.public() for issuer in ISSUERS.values()}, algorithms=VERIFY_ALGS
)
FORGERIES: Final = ("none", "HS256", "HS384", "HS512", "ES256K", "Ed448", "RSA1_5", "eddsa", "ED25519", "RS1", "PS")


def head(signer: Stranger, **more: object) -> dict[str, object]:
    return {"alg": signer.alg, "kid": signer.kid, "typ": "at+jwt", **more}


def made_by(signer: Stranger, **more: object) -> str:
    return forge(head(signer, **more), payload(), signer)


def with_signature(signer: Stranger, make: Callable[[bytes], bytes]) -> str:
    """A token whose signature is what `make` makes of the genuine one."""
    signed = made_by(signer).rpartition(".")[0]
    return f"{signed}.{b64(make(signer.sign(signed.encode())))}"


@pytest.mark.parametrize("alg", ALGS)
def test_a_token_of_any_such_issuer_says_what_it_says_and_how_it_was_signed(alg: VerifyAlg) -> None:
    claims = verify(made_by(ISSUERS[alg]), EXPECT_ANY, NOW)

    assert dict(claims.values) == CLAIMS
    assert claims.alg == alg


@pytest.mark.parametrize("alg", ALGS)
def test_we_read_what_another_library_signs(alg: VerifyAlg) -> None:
    issuer = ISSUERS[alg]
    # The library knows the algorithm by its older name only.
    name = "EdDSA" if alg in EDWARDS else alg

    token = pyjwt.encode(dict(CLAIMS), issuer.private, name, {"kid": issuer.kid, "typ": "at+jwt"})

    assert verify(token, EXPECT_ANY, NOW).subject == "ada"


@pytest.mark.parametrize("alg", ALGS)
def test_s086_a_key_of_the_same_kind_and_name_is_not_the_issuers(alg: VerifyAlg) -> None:
    assert reason(made_by(IMPOSTORS[alg]), EXPECT_ANY) is JoseReason.SIGNATURE


@pytest.mark.parametrize("named", ALGS)
@pytest.mark.parametrize("key", ALGS)
def test_s080_each_key_is_used_with_its_own_algorithm_only(key: VerifyAlg, named: VerifyAlg) -> None:
    """RFC 8725 §3.1; RFC 9864 §2.2: `EdDSA` with such a key is `Ed25519`."""
    tokens = [forge(head(ISSUERS[key], alg=named), payload(), signer) for signer in (ISSUERS[key], ISSUERS[named])]

    if key == named or {key, named} == EDWARDS:
        assert verify(tokens[0], EXPECT_ANY, NOW).alg == key
    else:
        assert [reason(token, EXPECT_ANY) for token in tokens] == [JoseReason.ALGORITHM] * 2


@pytest.mark.parametrize("alg", ALGS)
def test_s080_an_algorithm_that_was_not_asked_for_is_refused(alg: VerifyAlg) -> None:
    same = EDWARDS if alg in EDWARDS else {alg}

    assert reason(made_by(ISSUERS[alg]), replace(EXPECT_ANY, algorithms=VERIFY_ALGS - same)) is JoseReason.ALGORITHM
    assert reason(made_by(ISSUERS[alg]), EXPECT) in (JoseReason.ALGORITHM, JoseReason.UNKNOWN_KEY)


@pytest.mark.parametrize("asked", sorted(EDWARDS))
@pytest.mark.parametrize("alg", sorted(EDWARDS))
def test_who_asks_for_one_name_of_ed25519_gets_both(asked: VerifyAlg, alg: VerifyAlg) -> None:
    """RFC 9864 §2.2."""
    only = replace(EXPECT_ANY, algorithms=frozenset({asked}))

    assert verify(made_by(ISSUERS[alg]), only, NOW).subject == "ada"
    assert reason(made_by(ISSUERS["ES256"]), only) is JoseReason.ALGORITHM


@pytest.mark.parametrize("named", FORGERIES)
@pytest.mark.parametrize("alg", ALGS)
def test_s081_r021_other_algorithms_do_not_exist(alg: VerifyAlg, named: str) -> None:
    assert reason(made_by(ISSUERS[alg], alg=named), EXPECT_ANY) is JoseReason.ALGORITHM


@pytest.mark.parametrize("named", ["its own", "HS256", "HS384", "HS512"])
@pytest.mark.parametrize("alg", ALGS)
def test_r018_s084_a_public_key_is_never_an_hmac_secret(alg: VerifyAlg, named: str) -> None:
    issuer = ISSUERS[alg]
    signed = f"{b64(json.dumps(head(issuer, alg=alg if named == 'its own' else named)).encode())}.{b64(payload())}"
    digest = {"HS384": "sha384", "HS512": "sha512"}.get(named, "sha256")

    tokens = [
        f"{signed}.{b64(hmac.new(secret, signed.encode(), getattr(hashlib, digest)).digest())}"
        for secret in public_encodings(issuer)
    ]

    refused = JoseReason.SIGNATURE if named == "its own" else JoseReason.ALGORITHM
    assert {reason(token, EXPECT_ANY) for token in tokens} == {refused}


def public_encodings(signer: Stranger) -> list[bytes]:
    """Every form in which the public key could be taken for an HMAC secret."""
    public, jwk = signer.private.public_key(), signer.jwk()
    return [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        json.dumps(jwk).encode(),
        json.dumps(jwk, separators=(",", ":")).encode(),
        str(jwk.get("n", jwk.get("x"))).encode(),
        b"",
    ]


@pytest.mark.parametrize("alg", ALGS)
def test_r013_a_signature_that_is_changed_shorter_or_longer_is_refused(alg: VerifyAlg) -> None:
    changes: list[Callable[[bytes], bytes]] = [
        lambda genuine: bytes([genuine[0] ^ 1]) + genuine[1:],
        lambda genuine: genuine[:-1] + bytes([genuine[-1] ^ 1]),
        lambda genuine: genuine[:-1],
        lambda genuine: genuine[1:],
        lambda genuine: genuine + b"\0",
        lambda genuine: b"\0" + genuine,
        lambda genuine: genuine * 2,
        lambda genuine: bytes(len(genuine)),
        lambda genuine: b"\xff" * len(genuine),
        lambda genuine: b"\0",
    ]

    tokens = [with_signature(ISSUERS[alg], change) for change in changes]

    assert {reason(token, EXPECT_ANY) for token in tokens} == {JoseReason.SIGNATURE}


def other_spellings(part: str) -> list[str]:
    """Left-over bits that are not 0, padding, and a lone last character. RFC 4648 §3.5, RFC 7515 §2."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    left_over = {0: 1, 2: 16, 3: 4}[len(part) % 4]
    last = alphabet.index(part[-1])
    others = [part[:-1] + alphabet[last ^ bits] for bits in range(1, left_over)]
    return [*others, part + "=", part + "==", part + "A" * (-len(part) % 4 + 1)]


@pytest.mark.parametrize("alg", ALGS)
def test_another_spelling_of_a_signature_is_refused(alg: VerifyAlg) -> None:
    signed, _, signature = made_by(ISSUERS[alg]).rpartition(".")

    tokens = [f"{signed}.{spelling}" for spelling in other_spellings(signature)]

    assert {reason(token, EXPECT_ANY) for token in tokens} == {JoseReason.MALFORMED}


@pytest.mark.parametrize("filler", [b"", b" ", b"  "])
def test_another_spelling_of_a_header_or_claims_is_refused_even_if_it_was_signed(filler: bytes) -> None:
    issuer = ISSUERS["ES256"]
    header, claims = b64(json.dumps(head(issuer)).encode() + filler), b64(payload() + filler)
    signed = [f"{other}.{claims}" for other in other_spellings(header)]
    signed += [f"{header}.{other}" for other in other_spellings(claims)]

    tokens = [f"{text}.{b64(issuer.sign(text.encode()))}" for text in signed]

    assert {reason(token, EXPECT_ANY) for token in tokens} == {JoseReason.MALFORMED}


@pytest.mark.parametrize("alg", ECDSA_ALGS)
def test_an_ecdsa_signature_is_two_numbers_of_the_curves_length(alg: VerifyAlg) -> None:
    """RFC 7518 §3.4: not DER, not numbers of another length, and none of them 0 or beyond the order."""
    size = {"ES256": 32, "ES384": 48, "ES512": 66}[alg]
    changes: list[Callable[[bytes], bytes]] = [
        lambda raw: encode_dss_signature(int.from_bytes(raw[:size]), int.from_bytes(raw[size:])),
        lambda raw: b"\0" + raw[:size] + b"\0" + raw[size:],
        lambda raw: raw[:size] + bytes(size),
        lambda raw: bytes(size) + raw[size:],
        lambda raw: raw[size:] + raw[:size],
        lambda raw: raw[:size] + b"\xff" * size,
    ]

    tokens = [with_signature(ISSUERS[alg], change) for change in changes]

    assert {reason(token, EXPECT_ANY) for token in tokens} == {JoseReason.SIGNATURE}


def test_an_ed25519_signature_has_one_form_only() -> None:
    """RFC 8032 §5.1.7: the second half is below the order of the group."""
    order = 2**252 + 27742317777372353535851937790883648493

    token = with_signature(
        ISSUERS["Ed25519"],
        lambda genuine: genuine[:32] + (int.from_bytes(genuine[32:], "little") + order).to_bytes(32, "little"),
    )

    assert reason(token, EXPECT_ANY) is JoseReason.SIGNATURE


@pytest.mark.parametrize("alg", ["PS256", "PS384", "PS512"])
def test_a_pss_signature_has_a_salt_as_long_as_its_digest(alg: VerifyAlg) -> None:
    """RFC 7518 §3.5."""
    private, digest = ISSUERS[alg].private, HASHES[alg[-3:]]
    assert isinstance(private, rsa.RSAPrivateKey)
    signed = made_by(ISSUERS[alg]).rpartition(".")[0]

    tokens = [
        f"{signed}.{b64(private.sign(signed.encode(), padding.PSS(padding.MGF1(digest), salt), digest))}"
        for salt in (0, digest.digest_size - 1, digest.digest_size + 1, padding.PSS.MAX_LENGTH)
    ]

    assert {reason(token, EXPECT_ANY) for token in tokens} == {JoseReason.SIGNATURE}


REFUSED_HEADERS: Final[list[tuple[Mapping[str, object], JoseReason]]] = [
    ({"crit": ["exp"]}, JoseReason.FORBIDDEN_HEADER),
    ({"crit": []}, JoseReason.FORBIDDEN_HEADER),
    ({"b64": False}, JoseReason.FORBIDDEN_HEADER),
    ({"zip": "DEF"}, JoseReason.FORBIDDEN_HEADER),
    ({"enc": "A256GCM"}, JoseReason.FORBIDDEN_HEADER),
    ({"typ": "JWT"}, JoseReason.TYPE),
    ({"typ": None}, JoseReason.TYPE),
    ({"kid": "another"}, JoseReason.UNKNOWN_KEY),
    ({"kid": None}, JoseReason.UNKNOWN_KEY),
    ({"kid": "another", "jwk": ATTACKER.public().jwk()}, JoseReason.UNKNOWN_KEY),
    ({"kid": "../../dev/null", "jku": "https://evil.example/k"}, JoseReason.UNKNOWN_KEY),
]


@pytest.mark.parametrize(("more", "why"), REFUSED_HEADERS)
@pytest.mark.parametrize("alg", ALGS)
def test_r017_r019_s081_s088_s089_no_algorithm_opens_another_way_in(
    alg: VerifyAlg, more: Mapping[str, object], why: JoseReason
) -> None:
    assert reason(made_by(ISSUERS[alg], **more), EXPECT_ANY) is why


REFUSED_CLAIMS: Final[list[tuple[Mapping[str, object], JoseReason]]] = [
    ({"iss": "https://other.example"}, JoseReason.ISSUER),
    ({"aud": "https://other.example"}, JoseReason.AUDIENCE),
    ({"aud": None}, JoseReason.CLAIM),
    ({"sub": ""}, JoseReason.CLAIM),
    ({"exp": None}, JoseReason.CLAIM),
    ({"exp": -1}, JoseReason.CLAIM),
    ({"exp": NOW - 6}, JoseReason.EXPIRED),
    ({"iat": None}, JoseReason.CLAIM),
    ({"iat": NOW + 6}, JoseReason.NOT_YET_VALID),
    ({"nbf": NOW + 6}, JoseReason.NOT_YET_VALID),
    ({"exp": 2**53 + 1}, JoseReason.MALFORMED),
]


@pytest.mark.parametrize(("more", "why"), REFUSED_CLAIMS)
@pytest.mark.parametrize("alg", ALGS)
def test_r020_s085_s086_s087_s090_a_true_signature_is_not_enough(
    alg: VerifyAlg, more: Mapping[str, object], why: JoseReason
) -> None:
    assert reason(forge(head(ISSUERS[alg]), payload(**more), ISSUERS[alg]), EXPECT_ANY) is why


@pytest.mark.parametrize("alg", ALGS)
def test_s085_json_that_two_programs_read_differently_is_refused(alg: VerifyAlg) -> None:
    issuer = ISSUERS[alg]
    doubled = json.dumps(head(issuer))[:-1].encode() + b',"alg":"none"}'

    assert reason(forge(doubled, payload(), issuer), EXPECT_ANY) is JoseReason.MALFORMED
    assert reason(forge(head(issuer), payload()[:-1] + b',"sub":"eve"}', issuer), EXPECT_ANY) is JoseReason.MALFORMED
