"""Files that nobody else may read: how they are found, read, and replaced as a whole."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from evergrant.client.errors import VaultUnavailable

_MOST_LINKS: Final = 8

_POSIX: Final = os.name == "posix"
"""Elsewhere a file's mode says nothing, and a home folder is closed to others by other means."""

_READ: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def make_folder(folder: Path) -> None:
    """Make it for nobody else, if it is missing. Raises VaultUnavailable."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise VaultUnavailable(f"the folder {folder} cannot be made: {error.strerror}") from error


def follow(path: Path) -> Path:
    """Where the file really is: a link of one's own is fine, and stays one when the file is replaced.

    Raises VaultUnavailable for somebody else's link: it may lead to a place that they can read.
    """
    for _ in range(_MOST_LINKS):
        try:
            about = path.lstat()
            if not stat.S_ISLNK(about.st_mode):
                return path
            target = path.parent / path.readlink()
        except FileNotFoundError:
            return path
        except OSError as error:
            raise VaultUnavailable(f"{path} cannot be read: {error.strerror}") from error
        if _POSIX and about.st_uid != os.geteuid():
            raise VaultUnavailable(f"{path} is a link that belongs to somebody else: remove it, or choose another file")
        path = target
    raise VaultUnavailable(f"{path} is a link to a link, and so on: choose another file")


def read(path: Path) -> bytes | None:
    """Its contents; None if there is no such file. Raises VaultUnavailable, also for a file that others can read."""
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise VaultUnavailable(f"{path} cannot be read: {error.strerror}") from error
    try:
        # What was opened is looked at, not its name: the name may be another file's by now.
        _check(path, os.fstat(descriptor))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    except OSError as error:
        raise VaultUnavailable(f"{path} cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)


def replace(path: Path, content: bytes) -> None:
    """Write it, whole or not at all, and lastingly, for nobody else. One at a time. Raises VaultUnavailable."""
    # Always the same name: whoever was killed while writing leaves one such file, and the next one clears it away.
    written = path.with_name(f"{path.name}.new")
    try:
        written.unlink(missing_ok=True)
        _write(written, content)
        written.replace(path)
        _make_lasting(path.parent)
    except OSError as error:
        with suppress(OSError):
            written.unlink(missing_ok=True)
        raise VaultUnavailable(f"{path} cannot be written: {error.strerror}") from error


def _check(path: Path, about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise VaultUnavailable(f"{path} is not a file: choose another name")
    if not _POSIX:
        return
    if about.st_uid != os.geteuid():
        raise VaultUnavailable(f"{path} belongs to somebody else: run as its owner, or choose another file")
    if about.st_mode & 0o077:
        raise VaultUnavailable(
            f"others may have read the tokens in {path}: sign out of these sessions, delete it, and sign in again; "
            f"or, if you know that nobody has, run `chmod 600 {path}`"
        )


def _write(path: Path, content: bytes) -> None:
    # O_EXCL: never through a link that somebody put there. O_CREAT obeys the umask, which can only take away.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _make_lasting(folder: Path) -> None:
    """A power cut could otherwise bring back the file that was replaced, and with it a refresh token that is spent."""
    if not _POSIX:  # a folder cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
