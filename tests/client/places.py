"""The places where the tests keep sessions, one of each kind."""

from functools import partial
from pathlib import Path
from typing import Final

import keyring
import pytest
from keyrings.alt.file import PlaintextKeyring

from evergrant.client.vaults.file import FileVault
from evergrant.client.vaults.keyring import KeyringVault
from evergrant.client.vaults.memory import MemoryVault
from evergrant.client.vaults.sql import SqlVault
from evergrant.testing.vault_contract import MakeVault

FOLDER: Final = "sessions"
"""What the vaults make for their files, in the test's own folder."""


def open_keyring(folder: Path) -> KeyringVault:
    """A vault in a keychain that is a file. Whoever calls this has that keychain, in this process, until the end."""
    keychain = PlaintextKeyring()
    keychain.file_path = str(folder / "keychain.cfg")
    keyring.set_keyring(keychain)
    return KeyringVault(lock=folder / "keyring.lock")


def opener(kind: str, request: pytest.FixtureRequest) -> MakeVault:
    """Opens the same place again and again, also from another process."""
    folder: Path = request.getfixturevalue("tmp_path") / FOLDER
    match kind:
        case "memory":
            only = MemoryVault()
            return lambda: only
        case "file":
            return partial(FileVault, folder / "tokens.json")
        case "sqlite":
            return partial(SqlVault, f"sqlite:///{folder / 'sessions.db'}")
        case "postgresql":
            return partial(SqlVault, request.getfixturevalue("postgres_url"))
        case "keyring":
            return partial(open_keyring, folder)
        case _:
            raise ValueError(kind)
