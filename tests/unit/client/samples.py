"""An issuer, a client and tokens as values, for tests without I/O."""

import json
from collections.abc import Mapping
from dataclasses import replace

from evergrant.client.exchange import Answer, Identity
from evergrant.client.keeper import Keeper
from evergrant.client.tokens import TokenSet
from evergrant.client.ways import ByRefreshToken
from evergrant.protocol.provider import read_metadata
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis

ISSUER = "https://login.example.com"
PROVIDER = read_metadata(
    ISSUER,
    {
        "issuer": ISSUER,
        **{
            name: f"{ISSUER}/{name}"
            for name in (
                "authorization_endpoint",
                "token_endpoint",
                "jwks_uri",
                "userinfo_endpoint",
                "revocation_endpoint",
                "introspection_endpoint",
                "end_session_endpoint",
            )
        },
    },
)
CLIENT = Identity("app")
START = Millis(1_800_000_000_000)
LIFE = Millis(900_000)
TOKENS = TokenSet(
    issuer=ISSUER,
    client_id="app",
    access_token=Secret("at-1"),
    token_type="Bearer",
    obtained_at=START,
    expires_at=Millis(START + LIFE),
    refresh_token=Secret("rt-1"),
    scope="openid api:read",
    subject="ada",
    revision=4,
)
NEXT = replace(TOKENS, access_token=Secret("at-2"), refresh_token=Secret("rt-2"), revision=5)
EXPIRED_AT = Millis(START + LIFE)
KEEPER = Keeper(ByRefreshToken(PROVIDER, CLIENT), jitter=1.0)


def answer(status: int, body: object, *, sent_at: int = EXPIRED_AT, headers: Mapping[str, str] | None = None) -> Answer:
    """What an issuer says; `body` is JSON unless it is bytes."""
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, headers or {}, octets, Millis(sent_at))


RENEWED = {"access_token": "at-2", "token_type": "Bearer", "expires_in": 900, "refresh_token": "rt-2"}
"""The answer to a refresh."""
