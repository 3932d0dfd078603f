"""The master keys: from text, or from the file that development mode keeps."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from typing import Final

from evergrant.core.credential import MasterKeys
from evergrant.core.ports.world import Random

FILE_NAME: Final = "master.key"
KEY_SIZE: Final = 32
FORM: Final = "32 random bytes as base64url (43 characters), or several as 2:…,1:…, of which the first one signs"


def read_master_keys(text: str) -> MasterKeys:
    """Keys by id: `2:base64url,1:base64url`, or one key alone, which has id 1. The first one signs.

    Not the highest: a new key has to be known to every node before any node signs with it, or the others would take
    its tokens for garbage and log people out. Raises ValueError without the text.
    """
    keys: dict[int, bytes] = {}
    for entry in text.split(","):
        number, _, encoded = entry.strip().rpartition(":")
        identity = int(number) if number.isascii() and number.isdecimal() else 1 if not number else 0
        if not 1 <= identity <= 255:
            raise ValueError("the id of a master key is a number from 1 to 255")
        if identity in keys:
            raise ValueError(f"the master key {identity} is there twice")
        keys[identity] = _decode(encoded)
    return MasterKeys(keys, current=next(iter(keys)))


def _decode(encoded: str) -> bytes:
    try:
        key = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except ValueError:
        key = b""
    # Python skips characters that are not base64: a damaged key would quietly be another one.
    if len(key) != KEY_SIZE or urlsafe_b64encode(key).rstrip(b"=").decode() != encoded.rstrip("="):
        # No cause: it may quote the key.
        raise ValueError(f"a master key is {FORM}") from None
    return key


def keep_master_key(folder: Path, random: Random) -> MasterKeys:
    """The key in `folder`, made there on the first call (mode 0600). Raises ValueError if the file holds none."""
    path = folder / FILE_NAME
    # Written whole under another name and then linked: of two first starts at once, both read the same whole key.
    if not path.exists():
        draft = folder / f".{FILE_NAME}.{random(8).hex()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(urlsafe_b64encode(random(KEY_SIZE)).rstrip(b"=") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return read_master_keys(path.read_text(encoding="ascii").strip())
