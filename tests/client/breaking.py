"""A vault in memory that fails when a test says so."""

from collections.abc import Iterator
from contextlib import contextmanager

from evergrant.client import Drawer, MemoryVault, TokenSet, VaultBusy, VaultUnavailable


class BreakableVault:
    """Holds one session. While it is `broken` nothing can be written; while it `breaks_on_leaving` nothing lasts."""

    def __init__(self) -> None:
        self._inner = MemoryVault()
        self.broken = False
        self.breaks_on_leaving = False
        self.unreadable = False
        self.busy = False

    def put(self, tokens: TokenSet) -> None:
        """As somebody does who writes to the file by hand."""
        with self._inner.locked("", 1.0) as drawer:
            drawer.save(tokens)

    def load(self, key: str, /) -> TokenSet | None:
        if self.unreadable:
            raise VaultUnavailable("no permission")
        return self._inner.load("")

    @contextmanager
    def locked(self, key: str, timeout_s: float, /) -> Iterator[Drawer]:
        if self.busy:
            raise VaultBusy("somebody else")
        before = self._inner.load("")
        with self._inner.locked("", timeout_s) as drawer:
            yield _Breakable(drawer, self)
            if self.breaks_on_leaving:
                if before is not None:
                    drawer.save(before)
                raise VaultUnavailable("the commit failed")


class _Breakable:
    def __init__(self, inner: Drawer, vault: BreakableVault) -> None:
        self._inner = inner
        self._vault = vault

    def load(self) -> TokenSet | None:
        return self._inner.load()

    def save(self, tokens: TokenSet, /) -> None:
        if self._vault.broken:
            raise OSError("no space left on device")
        self._inner.save(tokens)

    def clear(self) -> None:
        self._inner.clear()
