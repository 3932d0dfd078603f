"""Which ID tokens a client believes. OpenID Connect Core §3.1.3.7."""

from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest
from joserfc import jwt

from evergrant.client.errors import ProtocolError
from evergrant.client.id_token import check_id_token
from evergrant.jose.claims import Claims
from evergrant.jose.keys import generate
from evergrant.jose.signing import sign
from evergrant.protocol.provider import read_metadata
from evergrant.protocol.secret import Secret
from tests.unit.client.test_exchange import DOCUMENT, ISSUER

KEY, STRANGER = generate("ES256"), generate("ES256")
ACCESS = Secret("an-access-token")
AT_HASH = urlsafe_b64encode(sha256(b"an-access-token").digest()[:16]).rstrip(b"=").decode()
NOW = 1_800_000_000
GOOD: dict[str, object] = {
    "iss": ISSUER,
    "sub": "u_1",
    "aud": "app",
    "iat": NOW,
    "exp": NOW + 300,
    "nonce": "nonce-1",
    "at_hash": AT_HASH,
}


def check(claims: dict[str, object], *, nonce: str | None = "nonce-1", signed_by: object = None) -> Claims:
    key = KEY if signed_by is None else STRANGER
    return check_id_token(
        Secret(sign(claims, key, "JWT")),
        provider=read_metadata(ISSUER, DOCUMENT),
        client_id="app",
        keys={KEY.kid: KEY.public()},
        access_token=ACCESS,
        nonce=nonce,
        now_s=NOW + 1,
    )


def test_a_good_one_is_believed() -> None:
    assert check(GOOD).subject == "u_1"
    assert check({name: value for name, value in GOOD.items() if name != "nonce"}, nonce=None).subject == "u_1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["app", "another"]},
        {"azp": "another"},
        {"nonce": "another"},
        {"exp": NOW - 3600},
        {"iat": NOW + 3600},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
)
def test_anything_else_is_not(wrong: dict[str, object]) -> None:
    with pytest.raises(ProtocolError):
        check({**GOOD, **wrong})


def test_a_strangers_signature_is_not() -> None:
    with pytest.raises(ProtocolError, match="unknown_key"):
        check(GOOD, signed_by=STRANGER)


def test_without_a_nonce_it_answers_nobodys_question() -> None:
    with pytest.raises(ProtocolError, match="nonce"):
        check({name: value for name, value in GOOD.items() if name != "nonce"})


def test_one_that_names_no_key_is_believed_of_an_issuer_with_one() -> None:
    """OpenID Connect Core §10.1"""
    provider = read_metadata(ISSUER, DOCUMENT)
    unnamed = jwt.encode({"alg": "ES256"}, GOOD, KEY.native, algorithms=["ES256"])

    claims = check_id_token(
        Secret(unnamed),
        provider=provider,
        client_id="app",
        keys={KEY.kid: KEY.public()},
        access_token=ACCESS,
        nonce="nonce-1",
        now_s=NOW + 1,
    )

    assert claims.subject == "u_1"
