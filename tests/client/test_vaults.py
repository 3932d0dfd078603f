"""The public suite on every place where sessions are kept: memory, a file, SQLite, PostgreSQL, a keychain."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from evergrant.testing.vault_contract import MakeVault, SharedVaultContract, VaultContract, a_session
from tests.client.places import FOLDER, opener


@pytest.fixture
def make_vault(request: pytest.FixtureRequest) -> MakeVault:
    """What the contract asks for, on the kind of place that the test's class is parametrized with."""
    return opener(request.param, request)


@pytest.fixture
def careless_umask() -> Iterator[None]:
    """New files are for everybody, unless somebody says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


on_every_place = pytest.mark.parametrize(
    "make_vault", ["memory", "file", "sqlite", "postgresql", "keyring"], indirect=True
)
on_every_lasting_place = pytest.mark.parametrize(
    "make_vault", ["file", "sqlite", "postgresql", "keyring"], indirect=True
)
on_every_place_with_files = pytest.mark.parametrize("make_vault", ["file", "sqlite", "keyring"], indirect=True)


@on_every_place
class TestVault(VaultContract):
    pass


@on_every_lasting_place
class TestVaultBesideOthers(SharedVaultContract):
    pass


@on_every_place_with_files
@pytest.mark.usefixtures("careless_umask")
def test_all_its_files_and_their_folder_are_for_nobody_else(make_vault: MakeVault, tmp_path: Path) -> None:
    """Also under a umask that gives to everybody."""
    vault = make_vault()

    with vault.locked("key", 5.0) as drawer:
        drawer.save(a_session())

    kept = tmp_path / FOLDER
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in kept.iterdir()}
    assert len(modes) >= 2
    assert set(modes.values()) == {"0o600"}
    assert oct(kept.stat().st_mode & 0o777) == "0o700"
