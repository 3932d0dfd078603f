"""Browsers in which a user has signed in before: a stranger's wrong guesses do not hold them up.

The cookie names nobody. It holds chance and a MAC over that chance and the subject, so that it is worth something for
this subject only, and for a year.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from evergrant.core.credential import MasterKeys
from evergrant.core.policy import DAY
from evergrant.core.ports.world import Random
from evergrant.protocol.values import Millis, RealmId, SubjectId

LIFETIME: Final = 365 * DAY
_CHANCE: Final = 16
_BODY: Final = 1 + 8 + _CHANCE
_MAC: Final = 32


class KnownBrowsers:
    """Makes and recognises the cookie."""

    def __init__(self, realm: RealmId, masters: MasterKeys, random: Random) -> None:
        self._keys = {n: masters.derive(n, "evergrant known browser", realm, "sign-in") for n in masters}
        self._current = masters.current
        self._random = random

    def make(self, subject: SubjectId, now: Millis) -> str:
        """A cookie for a browser in which this subject has just signed in."""
        body = bytes((self._current,)) + now.to_bytes(8, "big") + self._random(_CHANCE)
        return urlsafe_b64encode(body + self._mac(body, subject)).rstrip(b"=").decode()

    def find(self, cookie: str | None, subject: SubjectId | None, now: Millis) -> bytes | None:
        """A name for the browser if this subject has signed in with it within a year, else None."""
        if cookie is None or subject is None or len(cookie) > 200:
            return None
        try:
            raw = urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
        except ValueError:
            return None
        body, mac = raw[:_BODY], raw[_BODY:]
        if len(raw) != _BODY + _MAC or body[0] not in self._keys:
            return None
        if not hmac.compare_digest(mac, self._mac(body, subject)):
            return None
        return body[9:] if now - int.from_bytes(body[1:9], "big") < LIFETIME else None

    def _mac(self, body: bytes, subject: SubjectId) -> bytes:
        return hmac.digest(self._keys[body[0]], body + subject.encode(), "sha256")
