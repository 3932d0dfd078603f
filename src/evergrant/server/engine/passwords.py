"""Password hashing in a bounded pool of its own, so that a storm of sign-ins slows down nobody but itself.

argon2id with OWASP's profile (19 MiB, two passes, one lane): about 20 ms of one core.
"""

import asyncio
import os
import sys
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from evergrant.core.ports.world import Random
from evergrant.protocol.secret import Secret

MAX_PASSWORD_BYTES: Final = 1024
"""Longer input is wrong without being hashed; the argument of a hash must not be a way to keep us busy."""

THREADS: Final = min(2, max(1, (os.cpu_count() or 1) // 2))
"""On two cores one hashes and the other refreshes; each hash under way takes 19 MiB, in every worker process."""

NICENESS: Final = 10
"""A tenth of the processor's time while others want it, all of it while nobody does."""

MOST_WAITING: Final = 64
_SALT_BYTES: Final = 16

T = TypeVar("T")


class Busy(Exception):
    """More passwords are waiting than we promise to look at."""


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether the password is right, and whether its hash was made with other parameters than today's."""

    right: bool
    outdated: bool = False


class Passwords:
    """Hashes and verifies passwords. One per process; `close()` ends its threads."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, salt_len=_SALT_BYTES)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="evergrant-password", initializer=_step_back)
        self._waiting = 0
        self._dummy: str | None = None
        self.verifications = 0  # how many were computed: nobody's password costs the same as somebody's

    async def hash(self, password: Secret) -> str:
        """The PHC string of a password. Raises ValueError if it is longer than 1024 bytes, Busy."""
        return await self._run(lambda: self.hash_at_once(password))

    def hash_at_once(self, password: Secret) -> str:
        """As `hash`, in the caller's own thread: for an operator, who competes with nobody."""
        octets = _octets(password)
        if len(octets) > MAX_PASSWORD_BYTES:
            raise ValueError(f"a password has at most {MAX_PASSWORD_BYTES} bytes")
        return self._hasher.hash(octets, salt=self._random(_SALT_BYTES))

    async def verify(self, password_hash: str | None, password: Secret) -> Verified:
        """Compares in the same time whether there is a hash or not. Raises Busy."""
        octets = _octets(password)
        fits = len(octets) <= MAX_PASSWORD_BYTES
        chance = self._random(2 * _SALT_BYTES)
        return await self._run(lambda: self._compare(password_hash, octets if fits else b"", chance, fits=fits))

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _compare(self, password_hash: str | None, octets: bytes, chance: bytes, *, fits: bool) -> Verified:
        self.verifications += 1
        if self._dummy is None:
            self._dummy = self._hasher.hash(chance[_SALT_BYTES:], salt=chance[:_SALT_BYTES])
        known = password_hash if password_hash is not None and fits else None
        try:
            self._hasher.verify(known or self._dummy, octets)
        except (VerificationError, InvalidHashError):
            return Verified(right=False)
        if known is None:
            return Verified(right=False)
        return Verified(right=True, outdated=self._hasher.check_needs_rehash(known))

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise Busy
        self._waiting += 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        # Counted until the thread is done, not until the caller has gone: who hangs up frees no thread.
        future.add_done_callback(self._done)
        return await asyncio.shield(future)

    def _done(self, _future: "asyncio.Future[T]") -> None:
        self._waiting -= 1


def _step_back() -> None:
    """Let everybody else's work go first: a storm of sign-ins must not slow a refresh down.

    On Linux a thread has a niceness of its own; elsewhere this would slow down the whole process.
    """
    if sys.platform == "linux":
        os.nice(NICENESS)


def _octets(password: Secret) -> bytes:
    """One spelling of the same password from every keyboard (RFC 8265 §4.2.2: NFC)."""
    text = password.reveal()
    if len(text) > MAX_PASSWORD_BYTES:
        return text[: MAX_PASSWORD_BYTES + 1].encode("utf-8", "surrogatepass")
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
