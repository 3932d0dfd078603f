"""Keeps sessions as long as the process lives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from evergrant.client.tokens import TokenSet
from evergrant.client.turns import Turn


class MemoryVault:
    """A Vault for one process: a restart signs out, and a fork leaves two copies that do not know of each other."""

    def __init__(self) -> None:
        self._kept: dict[str, TokenSet] = {}
        self._turns: dict[str, Turn] = {}

    def load(self, key: str, /) -> TokenSet | None:
        return self._kept.get(key)

    @contextmanager
    def locked(self, key: str, timeout_s: float, /) -> Iterator[_MemoryDrawer]:
        with self._turns.setdefault(key, Turn()).taken(timeout_s):
            yield _MemoryDrawer(self._kept, key)


class _MemoryDrawer:
    def __init__(self, kept: dict[str, TokenSet], key: str) -> None:
        self._kept = kept
        self._key = key

    def load(self) -> TokenSet | None:
        return self._kept.get(self._key)

    def save(self, tokens: TokenSet, /) -> None:
        self._kept[self._key] = tokens

    def clear(self) -> None:
        self._kept.pop(self._key, None)
