"""A keychain in memory, as narrow as that of Windows, which can be made to refuse from some moment on."""

from typing import Final

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError, PasswordSetError

MOST_BYTES: Final = 2560
"""What Windows takes: in UTF-16."""


class NarrowKeychain(KeyringBackend):
    """Takes short values only, and names in which case does not matter. Locked after `changes` more changes."""

    priority = 0.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # its constructor has no types
        self.entries: dict[tuple[str, str], str] = {}
        self.changes: int | None = None

    def get_password(self, service: str, username: str) -> str | None:
        """The value, if there is one."""
        return self.entries.get((service.lower(), username.lower()))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a value."""
        self._count()
        if len(password.encode("utf-16-le")) > MOST_BYTES:
            raise PasswordSetError(f"too long: {password}")
        self.entries[service.lower(), username.lower()] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget a value that is there."""
        self._count()
        if self.entries.pop((service.lower(), username.lower()), None) is None:
            raise PasswordDeleteError("no such entry")

    def _count(self) -> None:
        if self.changes == 0:
            raise KeyringLocked("locked")
        if self.changes is not None:
            self.changes -= 1
