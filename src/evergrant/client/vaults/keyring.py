"""Keeps sessions in the keychain of the system, which encrypts them and asks their owner."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import Any, Final, TypeVar

from keyring import get_keyring
from keyring.errors import NoKeyringError

from evergrant.client.errors import VaultDamaged, VaultUnavailable
from evergrant.client.tokens import TokenSet
from evergrant.client.vaults.lock_files import LockFiles

T = TypeVar("T")

VERSION: Final = 1
"""Of what is written. A reader that finds another one leaves it alone."""

MOST_CHARACTERS: Final = 1200
"""Of one value. Windows takes no more than 1280 (2560 bytes of UTF-16); a session with an ID token is longer."""

_SLOTS: Final = ("a", "b")


class KeyringVault:
    """A Vault in whatever keychain the `keyring` package finds: of macOS, Windows, GNOME, KDE.

    A keychain has no locks that wait, so they are files: at `lock`, or `evergrant/keyring.lock` in `$XDG_STATE_HOME`
    (`~/.local/state`). `save` has written before it returns, also if the block fails afterwards.

    A long session is split into numbered parts, which appear in the keychain under `service (continued)`. They are
    written beside the parts before, and count only when the entry that names them is written, last.
    """

    def __init__(self, service: str = "evergrant", lock: str | PathLike[str] | None = None) -> None:
        self._service = service
        self._locks = LockFiles(_default_lock() if lock is None else Path(lock).expanduser().absolute())

    def __repr__(self) -> str:
        return f"KeyringVault({self._service!r}, {str(self._locks.path)!r})"

    def load(self, key: str, /) -> TokenSet | None:
        return _Entry(self._service, key, self._locks).load()

    @contextmanager
    def locked(self, key: str, timeout_s: float, /) -> Iterator[_Entry]:
        with self._locks.session(f"{self._service}\n{key}", timeout_s):
            yield _Entry(self._service, key, self._locks)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One session in the keychain. Each look and each change has the whole keychain: some are a file, written anew."""

    service: str
    key: str
    locks: LockFiles

    def load(self) -> TokenSet | None:
        with self.locks.whole():
            head = _get(self.service, self.username)
            return None if head is None else TokenSet.from_record(self._record(head))

    def save(self, tokens: TokenSet, /) -> None:
        record = tokens.to_record()
        whole = json.dumps({"version": VERSION, "session": record})
        with self.locks.whole():
            if len(whole) <= MOST_CHARACTERS:
                _set(self.service, self.username, whole)
                self._sweep(_SLOTS)
            else:
                self._put_parts(json.dumps(record))

    def clear(self) -> None:
        with self.locks.whole():
            # First what names the parts: parts that nothing names are nothing.
            if _get(self.service, self.username) is not None:
                _delete(self.service, self.username)
            self._sweep(_SLOTS)

    def _put_parts(self, text: str) -> None:
        named = _decoded(_get(self.service, self.username) or "{}")
        slot = "b" if named.get("slot") == "a" else "a"
        self._sweep((slot,))
        parts = [text[start : start + MOST_CHARACTERS] for start in range(0, len(text), MOST_CHARACTERS)]
        for number, part in enumerate(parts):
            _set(self._parts, self._part(slot, number), part)
        head = json.dumps({"version": VERSION, "slot": slot, "parts": len(parts), "sha256": _digest(text)})
        _set(self.service, self.username, head)
        self._sweep(tuple(other for other in _SLOTS if other != slot))

    def _record(self, text: str) -> object:
        head = _decoded(text)
        record: object = None
        if head.get("version") == VERSION:
            record = head["session"] if "session" in head else self._joined(head)
        if record is None:
            raise VaultDamaged(
                f"the entry of {self.service} in the keychain is damaged, or of another version: signing in again "
                "replaces it"
            )
        return record

    def _joined(self, head: dict[str, Any]) -> object:
        slot, count = head.get("slot"), head.get("parts")
        if slot not in _SLOTS or not isinstance(count, int):
            return None
        text = "".join(_get(self._parts, self._part(slot, number)) or "" for number in range(count))
        return _decoded(text) if _digest(text) == head.get("sha256") else None

    def _sweep(self, slots: tuple[str, ...]) -> None:
        for slot in slots:
            count = 0
            while _get(self._parts, self._part(slot, count)) is not None:
                count += 1
            # From the end: a sweep that is cut short leaves no gap, after which the next one would see nothing.
            for number in reversed(range(count)):
                _delete(self._parts, self._part(slot, number))

    @property
    def username(self) -> str:
        """What the owner sees. With a digest, because some keychains take A for a."""
        return f"{self.key} ({_digest(self.key)[:16]})"

    @property
    def _parts(self) -> str:
        return f"{self.service} (continued)"

    def _part(self, slot: str, number: int) -> str:
        return f"{slot}{number}: {self.username}"


def _default_lock() -> Path:
    told = Path(os.environ.get("XDG_STATE_HOME", ""))
    # A relative one is to be ignored (XDG Base Directory Specification).
    state = told if told.is_absolute() else Path.home() / ".local" / "state"
    return state / "evergrant" / "keyring.lock"


def _get(service: str, username: str) -> str | None:
    return _told(lambda: get_keyring().get_password(service, username))


def _set(service: str, username: str, value: str) -> None:
    _told(lambda: get_keyring().set_password(service, username, value))


def _delete(service: str, username: str) -> None:
    _told(lambda: get_keyring().delete_password(service, username))


def _told(step: Callable[[], T]) -> T:
    """Do it, and tell the keychain's errors as ours."""
    try:
        return step()
    except Exception as error:  # noqa: BLE001 - each keychain raises errors of a library of its own
        trouble = _trouble(error)
    # Not in the handler: what the keychain said would hang on, and may quote a token.
    raise trouble


def _trouble(error: Exception) -> VaultUnavailable:
    if isinstance(error, NoKeyringError):
        return VaultUnavailable("this machine has no keychain that can be used: use FileVault, or set one up")
    return VaultUnavailable(f"the keychain refuses: {type(error).__name__}; is it locked?")


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _decoded(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
