"""Text that only this server can write and read: what a form carries from one step to the next.

AES-256-GCM, a key for each purpose and realm, and a context that has to be the same when it comes back.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from evergrant.core.credential import MasterKeys
from evergrant.core.ports.world import Random
from evergrant.protocol.values import RealmId

_NONCE: Final = 12
_TAG: Final = 16


class Sealer:
    """Seals for one purpose in one realm. Holds no state: nothing is stored until a person has decided."""

    def __init__(self, realm: RealmId, masters: MasterKeys, purpose: str, random: Random) -> None:
        self._ciphers = {n: AESGCM(masters.derive(n, "evergrant interaction", realm, purpose)) for n in masters}
        self._current = masters.current
        self._random = random

    def seal(self, plain: bytes, context: bytes) -> str:
        """base64url of key id, nonce and sealed text."""
        nonce = self._random(_NONCE)
        sealed = self._ciphers[self._current].encrypt(nonce, plain, context)
        return urlsafe_b64encode(bytes((self._current,)) + nonce + sealed).rstrip(b"=").decode()

    def open(self, text: str, context: bytes) -> bytes | None:
        """What was sealed with this context, or None for anything else."""
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            return None
        if len(raw) < 1 + _NONCE + _TAG or raw[0] not in self._ciphers:
            return None
        try:
            return self._ciphers[raw[0]].decrypt(raw[1 : 1 + _NONCE], raw[1 + _NONCE :], context)
        except InvalidTag:
            return None
