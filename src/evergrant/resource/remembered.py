"""Remembers what was found about a token, for as long as it may be believed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from hashlib import sha256
from typing import Final, Generic, TypeVar

from evergrant.protocol.values import Millis

T = TypeVar("T")

MOST: Final = 4096
"""Tokens that are remembered, of 2 to 3 KB each. The oldest go first."""


def digest_of(token: str) -> bytes:
    """Names a token without being one: of the whole text, signature included."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


class Remembered(Generic[T]):
    """Findings by digest, each with an end. For any number of threads."""

    __slots__ = ("_found", "_lock", "_most")

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._found: OrderedDict[bytes, tuple[Millis, Millis, T]] = OrderedDict()

    def get(self, digest: bytes, now: Millis) -> T | None:
        """What was found, or None if nothing was, or it has ended."""
        entry = self._found.get(digest)
        if entry is None:
            return None
        since, until, found = entry
        # A clock that was set back: the token may be of tomorrow again.
        return found if since <= now < until else None

    def put(self, digest: bytes, found: T, now: Millis, until: Millis) -> None:
        """Remember it until that moment."""
        with self._lock:
            self._found[digest] = now, until, found
            if len(self._found) > self._most:
                self._found.popitem(last=False)
