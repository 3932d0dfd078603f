"""One sign-in of one browser, from the first redirect to the tokens, in one sealed value that the browser carries."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from evergrant.client.errors import ProtocolError
from evergrant.client.exchange import Attempt
from evergrant.client.tokens import TokenSet
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis

SHORTEST_SECRET: Final = 32
"""Bytes of an application's secret."""
LIFETIME_S: Final = 600
"""How long somebody may take to sign in."""

_LABEL: Final = b"evergrant client sign-in 1"
_PARTS: Final = ("issuer", "client_id", "redirect_uri", "scope", "state", "nonce", "verifier")


@dataclass(frozen=True, slots=True)
class SignIn:
    """Send the browser to `url`, with `sealed` in a cookie: HttpOnly, Secure, SameSite=Lax, for ten minutes.

    In a cookie and nowhere else: what ties the answer to the attempt then ties it to the browser too, and nobody can
    be signed in to somebody else's account by a link (R-050).
    """

    url: str
    sealed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The tokens, and what the ID token says of the person; None if none was asked for."""

    tokens: TokenSet
    claims: Mapping[str, object] | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """What was in a seal: for which issuer and client, and the attempt."""

    issuer: str
    client_id: str
    attempt: Attempt
    resource: str | None


class Seal:
    """Seals with a key of an application's own secret. Two processes with the same secret open each other's."""

    def __init__(self, secret: Secret) -> None:
        octets = secret.reveal().encode()
        if len(octets) < SHORTEST_SECRET:
            raise ValueError(f"the secret has fewer than {SHORTEST_SECRET} bytes")
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_LABEL).derive(octets)
        self._fernet = Fernet(urlsafe_b64encode(key))

    def close(self, opened: Opened, now: Millis) -> str:
        """A text for a cookie."""
        attempt = opened.attempt
        parts = (
            *(opened.issuer, opened.client_id, attempt.redirect_uri, attempt.scope),
            *(attempt.state, attempt.nonce, attempt.verifier.reveal()),
        )
        content = {**dict(zip(_PARTS, parts, strict=True)), "resource": opened.resource}
        return self._fernet.encrypt_at_time(json.dumps(content).encode(), now // 1000).decode()

    def open(self, sealed: str, now: Millis) -> Opened:
        """Raises ProtocolError for one that is not of this secret, or older than ten minutes."""
        try:
            content = json.loads(self._fernet.decrypt_at_time(sealed.encode(), LIFETIME_S, now // 1000))
        except (InvalidToken, ValueError):
            # No cause, and no difference: whoever tries things out learns nothing.
            raise ProtocolError("the sign-in was not begun by this browser, or too long ago") from None
        issuer, client_id, redirect_uri, scope, state, nonce, verifier = (content[name] for name in _PARTS)
        attempt = Attempt(redirect_uri, scope, state, nonce, Secret(verifier))
        return Opened(issuer, client_id, attempt, content["resource"])
