"""The keys that an issuer signs ID tokens with, as far as they are known here."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Final

from evergrant.client.errors import IssuerUnavailable, ProtocolError
from evergrant.client.exchange import Request, check_available, offered, read_success
from evergrant.client.transport import Transport
from evergrant.jose import jwks
from evergrant.jose.errors import BadKey
from evergrant.jose.keys import PublicKey
from evergrant.jose.strict_json import read_object
from evergrant.protocol.provider import Provider
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis

FRESH: Final = Millis(3_600_000)
"""Keys are fetched again when they are older: an issuer may have withdrawn one."""
COOL_DOWN: Final = Millis(30_000)
"""A key that is not among them is looked for once in this time."""


class KeyRing:
    """Fetched when they are first needed, and again when a token names one that is not there."""

    def __init__(self, provider: Provider, transport: Transport) -> None:
        self._provider = provider
        self._transport = transport
        self._keys: Mapping[str, PublicKey] = {}
        self._fetched_at: Millis | None = None

    def find(self, id_token: Secret) -> Mapping[str, PublicKey]:
        """All of them, with the one that signed this token if the issuer has it.

        Raises IssuerUnavailable, ProtocolError, NotOffered.
        """
        now = self._transport.clock()
        known = _kid_of(id_token) in self._keys
        age = None if self._fetched_at is None else abs(now - self._fetched_at)
        if age is None or age > FRESH or (not known and age > COOL_DOWN):
            try:
                self._fetch(now)
            except IssuerUnavailable:
                # An old key is as good as it was; a missing one is reported as such.
                if not known:
                    raise
        return self._keys

    def _fetch(self, now: Millis) -> None:
        url = offered(self._provider.jwks_uri, "jwks_uri")
        answer = self._transport.send(Request("GET", url, {"Accept": "application/json"}))
        check_available(answer)
        try:
            self._keys = jwks.read(read_success(answer.status, answer.body))
        except BadKey as problem:
            raise ProtocolError(f"the issuer's keys cannot be read: {problem}") from None
        self._fetched_at = now


def _kid_of(id_token: Secret) -> str | None:
    header = id_token.reveal().partition(".")[0]
    try:
        kid = read_object(urlsafe_b64decode(header + "=" * (-len(header) % 4))).get("kid")
    except ValueError:
        return None
    return kid if isinstance(kid, str) else None
