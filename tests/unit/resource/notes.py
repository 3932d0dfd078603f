"""The API of these tests, and tokens for it."""

from collections.abc import Mapping
from typing import Final

from evergrant.jose.keys import SigningKey, generate
from evergrant.jose.signing import sign
from evergrant.protocol.values import Millis
from evergrant.resource import Resource
from evergrant.testing.clock import START

ISSUER: Final = "https://login.example.com"
NOTES: Final = Resource(
    "https://notes.example/api",
    issuer=ISSUER,
    scopes={"notes:read": "Read notes", "notes:write": "Change notes"},
    implies={"notes:write": ["notes:read"], "notes:admin": ["notes:write"]},
)
KEY: Final = generate("ES256")
KEYS: Final = {KEY.kid: KEY.public()}
NOW: Final = START
NOW_S: Final = NOW // 1000
CLAIMS: Final[dict[str, object]] = {
    "iss": ISSUER,
    "sub": "u_ada",
    "aud": "https://notes.example/api",
    "client_id": "notes-web",
    "scope": "notes:read other",
    "roles": ["editor"],
    "jti": "t1",
    "iat": NOW_S,
    "exp": NOW_S + 900,
}


def token(
    typ: str = "at+jwt",
    key: SigningKey = KEY,
    without: str = "",
    named: Mapping[str, object] | None = None,
    **claims: object,
) -> str:
    """A truly signed token: the usual claims, `claims` and `named` on top, and `without` one of them."""
    said = {name: value for name, value in (CLAIMS | claims | dict(named or {})).items() if name != without}
    return sign(said, key, typ)


def later(seconds: int) -> Millis:
    return Millis(NOW + seconds * 1000)
