"""Tokens of any shape, truly signed, and what is expected of them."""

import base64
import json
from collections.abc import Mapping
from typing import get_args

import pytest
from joserfc.jws import JWSRegistry

from evergrant.jose.errors import JoseError, JoseReason
from evergrant.jose.keys import Alg, SigningKey, generate
from evergrant.jose.verifying import Expect, verify
from tests.unit.jose.strangers import Stranger

ALGS: tuple[Alg, ...] = get_args(Alg)
KEYS: dict[Alg, SigningKey] = {alg: generate(alg) for alg in ALGS}
EC = KEYS["ES256"]
ATTACKER = generate("ES256")

NOW = 1_800_000_000
ISSUER = "https://id.example"
API = "https://api.example"
CLAIMS: dict[str, object] = {
    "iss": ISSUER,
    "sub": "ada",
    "aud": API,
    "exp": NOW + 900,
    "iat": NOW,
    "roles": ["editor"],
    "name": "Ada Lovelace",
}
EXPECT = Expect(
    keys={key.kid: key.public() for key in KEYS.values()},
    algorithms=frozenset(ALGS),
    typ=frozenset({"at+jwt"}),
    issuer=ISSUER,
    audience=API,
    leeway_s=5,
)


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def forge(header: Mapping[str, object] | bytes, payload: bytes, key: SigningKey | Stranger = EC) -> str:
    """A token with any header and payload, truly signed."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    signed = f"{b64(head)}.{b64(payload)}"
    if isinstance(key, Stranger):
        return f"{signed}.{b64(key.sign(signed.encode()))}"
    return f"{signed}.{b64(JWSRegistry.algorithms[key.alg].sign(signed.encode(), key.native))}"


def header(**more: object) -> dict[str, object]:
    return {"alg": "ES256", "kid": EC.kid, "typ": "at+jwt", **more}


def payload(**more: object) -> bytes:
    return json.dumps({**CLAIMS, **more}).encode()


def reason(token: str, expect: Expect = EXPECT, now_s: int = NOW) -> JoseReason:
    with pytest.raises(JoseError) as caught:
        verify(token, expect, now_s)
    # An error that repeats a token would put it into a log.
    assert len(token) < 20 or token not in f"{caught.value} {caught.value!r}"
    return caught.value.reason
