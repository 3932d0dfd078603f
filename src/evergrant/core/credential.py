"""The token format (design: "What a token is"): seal and open, with a MAC; no store is asked.

`eg_xx_ base64url(version 1 | key id 1 | grant id 16 | secret 16 | generation 4 | MAC 16)`: 54 bytes, 72 characters,
no padding and no spare bits, so that every token has exactly one spelling.
"""

import hashlib
from base64 import urlsafe_b64encode
from binascii import a2b_base64
from collections.abc import Iterator, Mapping
from dataclasses import field
from enum import StrEnum
from hmac import compare_digest, digest
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from evergrant.protocol.record import record
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import GrantId, RealmId

_VERSION: Final = 1
_BODY: Final = 38
_SIZE: Final = 54
_TEXT: Final = 72
_PREFIX_LENGTH: Final = 6
_LENGTH: Final = _PREFIX_LENGTH + _TEXT
_MAC: Final = _SIZE - _BODY
SECRET_SIZE: Final = 16
# base64url as base64 (RFC 4648 §5); the two characters that only base64 has become foreign.
_ALPHABET: Final = bytes.maketrans(b"-_+/", b"+/!!")
MAX_GENERATION: Final = 2**32 - 1


class Kind(StrEnum):
    """What a credential is for. The kind is in the MAC key: one kind can never be shown as another."""

    REFRESH = "eg_rt_"
    CODE = "eg_ac_"


_CODE: Final = Kind.CODE


@record
class Presented:
    """A credential whose MAC is right: we made it, for this realm and kind. It may still be spent."""

    kind: Kind
    key_id: int
    grant_id: GrantId
    secret: bytes = field(repr=False)
    generation: int


class MasterKeys:
    """The master keys by id (1 to 255), 32 bytes each. `current` signs, the others are only accepted. Never printed."""

    __slots__ = ("_keys", "current")

    def __init__(self, keys: Mapping[int, bytes], current: int | None = None) -> None:
        """`current`: the highest id if not given. Raises ValueError for no key, a wrong id or a key not of 32 bytes."""
        if not keys:
            raise ValueError("at least one master key is needed")
        for number, key in keys.items():
            if not 1 <= number <= 255 or len(key) != 32:
                raise ValueError(f"master key {number}: ids are 1 to 255, keys are 32 bytes")
        self._keys = dict(keys)
        self.current = max(self._keys) if current is None else current
        if self.current not in self._keys:
            raise ValueError(f"master key {self.current} is to sign and is not there")

    def __contains__(self, number: int) -> bool:
        return number in self._keys

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._keys))

    def __repr__(self) -> str:
        return f"MasterKeys({sorted(self._keys)})"

    def derive(self, number: int, label: str, realm: RealmId, purpose: str) -> bytes:
        """32 bytes for one purpose in one realm: HKDF-SHA-256 (RFC 5869). Raises KeyError for an unknown id."""
        name = realm.encode()
        info = label.encode() + len(name).to_bytes(2, "big") + name + purpose.encode()
        return HKDF(SHA256(), 32, salt=None, info=info).derive(self._keys[number])


class Credentials:
    """Seals and opens the credentials of one realm."""

    __slots__ = ("_code_keys", "_refresh_keys", "current_key")

    def __init__(self, realm: RealmId, masters: MasterKeys) -> None:
        self.current_key: Final = masters.current
        self._code_keys, self._refresh_keys = (
            {number: masters.derive(number, "evergrant credential", realm, kind) for number in masters}
            for kind in (_CODE, Kind.REFRESH)
        )

    def seal(self, kind: Kind, key_id: int, grant_id: GrantId, secret: bytes, generation: int) -> Secret:
        """The text of a credential. The same arguments give the same text: that is what makes a retry safe."""
        body = bytes((_VERSION, key_id)) + grant_id + secret + generation.to_bytes(4, "big")
        mac = digest(self._keys(kind)[key_id], body, "sha256")[:_MAC]
        return Secret(kind + urlsafe_b64encode(body + mac).decode("ascii"))

    def knows(self, key_id: int) -> bool:
        """Whether the master key of that id is still here."""
        return key_id in self._refresh_keys

    def open(self, text: Secret, kind: Kind) -> Presented | None:
        """What was presented, or None for anything that we did not make for this realm and kind (row 1)."""
        plain = text.reveal()
        if len(plain) != _LENGTH or not plain.startswith(kind) or not plain.isascii():
            return None
        try:
            # Strict: a decoder that skips foreign characters would read a second spelling of the same token.
            raw = a2b_base64(plain[_PREFIX_LENGTH:].encode().translate(_ALPHABET), strict_mode=True)
        except ValueError:
            return None
        if len(raw) != _SIZE:
            return None
        body, key_id = raw[:_BODY], raw[1]
        key = self._keys(kind).get(key_id)
        if raw[0] != _VERSION or key is None or not compare_digest(raw[_BODY:], digest(key, body, "sha256")[:_MAC]):
            return None
        generation = int.from_bytes(body[34:], "big")
        if (generation == 0) is not (kind is _CODE):
            return None
        return Presented(kind, key_id, GrantId(body[2:18]), body[18:34], generation)

    def _keys(self, kind: Kind) -> Mapping[int, bytes]:
        return self._code_keys if kind is _CODE else self._refresh_keys


def secret_digest(grant_id: GrantId, secret: bytes) -> bytes:
    """What the row keeps of a secret: the database yields no token."""
    return hashlib.sha256(b"evergrant grant secret" + grant_id + secret).digest()


CLIENT_SECRET_PREFIX: Final = "eg_cs_"


def client_secret(chance: bytes) -> Secret:
    """A client secret from 32 random bytes."""
    return Secret(CLIENT_SECRET_PREFIX + urlsafe_b64encode(chance).rstrip(b"=").decode())


def client_secret_digest(secret: Secret) -> bytes:
    """256-bit machine-made secrets need one SHA-256, never a password hash (design: "Secrets")."""
    return hashlib.sha256(secret.reveal().encode()).digest()
