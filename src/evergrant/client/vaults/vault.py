"""What a place that keeps sessions promises."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from evergrant.client.tokens import TokenSet


class Drawer(Protocol):
    """One session, in the hands of the one who holds its lock."""

    def load(self) -> TokenSet | None:
        """What was saved last. Raises VaultUnavailable, VaultDamaged."""
        ...

    def save(self, tokens: TokenSet, /) -> None:
        """Write it, whole or not at all, over what was there. Raises VaultUnavailable.

        Others see it at the latest when the lock is let go, and from then on it outlives a crash.
        """
        ...

    def clear(self) -> None:
        """Forget the session. Nothing there is as good. Raises VaultUnavailable."""
        ...


class Vault(Protocol):
    """Keeps sessions by key. Used by several threads at a time and, unless it says otherwise, by several processes.

    Nobody can write without the lock: a session's refresh token changes with each renewal, and of two who renew at
    the same time one would be left with a token that the issuer takes for stolen.
    """

    def load(self, key: str, /) -> TokenSet | None:
        """A glance, without the lock. Raises VaultUnavailable, VaultDamaged."""
        ...

    def locked(self, key: str, timeout_s: float, /) -> AbstractContextManager[Drawer]:
        """The session, locked while the block runs. Another session is not locked by it for longer than a write.

        Raises VaultBusy when the lock was not had within `timeout_s`; VaultUnavailable, also on leaving, if what was
        saved did not become lasting.
        """
        ...
