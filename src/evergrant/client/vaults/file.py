"""Keeps sessions in a file of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Final

from evergrant.client.errors import VaultDamaged
from evergrant.client.tokens import TokenSet
from evergrant.client.vaults.lock_files import LockFiles
from evergrant.client.vaults.private_files import follow, make_folder, read, replace

VERSION: Final = 1
"""Of the file. A reader that finds another one leaves it alone."""

Sessions = dict[str, Any]
"""Records by key, as they were decoded: each is looked at by whoever loads it."""


class FileVault:
    """A Vault in one JSON file, for the programs of one person on one machine.

    The tokens in it are in clear, as gcloud, aws and kubectl keep theirs: the file's mode (0600) is what protects
    them. KeyringVault is for who wants more. The file is replaced as a whole and is on the disk before `save` returns,
    also if the block fails afterwards. The locks are empty files beside it, which stay.

    A file that others can read, that belongs to somebody else or that is not such a file is refused, and left as it is.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        # Absolute: a program that changes its folder still means the same file.
        self._path = Path(path).expanduser().absolute()

    def __repr__(self) -> str:
        return f"FileVault({str(self._path)!r})"

    def load(self, key: str, /) -> TokenSet | None:
        return _File(follow(self._path)).load(key)

    @contextmanager
    def locked(self, key: str, timeout_s: float, /) -> Iterator[_FileDrawer]:
        # The locks are beside the file itself, so that all links to it exclude one another.
        file = _File(follow(self._path))
        with file.locks.session(key, timeout_s):
            yield _FileDrawer(file, key)


@dataclass(frozen=True, slots=True)
class _File:
    path: Path

    @property
    def locks(self) -> LockFiles:
        return LockFiles(self.path.with_name(f"{self.path.name}.lock"))

    def load(self, key: str) -> TokenSet | None:
        record = self.read().get(key)
        return None if record is None else TokenSet.from_record(record)

    def read(self) -> Sessions:
        content = read(self.path)
        sessions = _decoded(content) if content is not None else {}
        # Said here and not where decoding failed: that error quotes the file.
        if sessions is None:
            raise VaultDamaged(
                f"{self.path} is damaged, or of another version: move it away and sign in again; it is left as it is"
            )
        return sessions

    def write(self, sessions: Sessions) -> None:
        make_folder(self.path.parent)
        replace(self.path, json.dumps({"version": VERSION, "sessions": sessions}).encode())


@dataclass(frozen=True, slots=True)
class _FileDrawer:
    file: _File
    key: str

    def load(self) -> TokenSet | None:
        return self.file.load(self.key)

    def save(self, tokens: TokenSet, /) -> None:
        with self.file.locks.whole():
            self.file.write({**self.file.read(), self.key: tokens.to_record()})

    def clear(self) -> None:
        with self.file.locks.whole():
            sessions = self.file.read()
            if sessions.pop(self.key, None) is not None:
                self.file.write(sessions)


def _decoded(content: bytes) -> Sessions | None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("version") != VERSION:
        return None
    sessions = found.get("sessions")
    return sessions if isinstance(sessions, dict) else None
