"""A vault in a keychain: one that takes short values only, one that locks itself half-way, and none at all."""

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail

from evergrant.client.errors import VaultDamaged, VaultUnavailable
from evergrant.client.vaults.keyring import KeyringVault
from evergrant.testing.vault_contract import a_session
from tests.client.keychain import NarrowKeychain

KEY = "https://issuer.example web ada"
WIDE = 5_000  # characters of a token, in several parts


@pytest.fixture
def keychain() -> Iterator[NarrowKeychain]:
    made = NarrowKeychain()
    keyring.set_keyring(made)
    yield made
    # No test may ever find the keychain of whoever runs it.
    have_no_keychain()


@pytest.fixture
def vault(keychain: NarrowKeychain, tmp_path: Path) -> KeyringVault:
    return KeyringVault(lock=tmp_path / "keyring.lock")


def have_no_keychain() -> None:
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]  # its constructor has no types


def save(vault: KeyringVault, revision: int = 1, width: int = 40) -> None:
    with vault.locked(KEY, 5.0) as drawer:
        drawer.save(a_session(revision, width=width))


def clear(vault: KeyringVault) -> None:
    with vault.locked(KEY, 5.0) as drawer:
        drawer.clear()


@pytest.mark.parametrize("width", [40, 300, 450, 500, 700, WIDE, 16_384])
def test_a_keychain_that_takes_short_values_only_keeps_a_session_of_any_length(vault: KeyringVault, width: int) -> None:
    save(vault, width=width)

    assert vault.load(KEY) == a_session(width=width)


def test_a_short_session_is_one_entry_that_its_owner_recognises(vault: KeyringVault, keychain: NarrowKeychain) -> None:
    save(vault)

    ((service, username),) = keychain.entries
    assert service == "evergrant"
    assert username.startswith(KEY)


@pytest.mark.parametrize("before", [40, 2_000, WIDE])
@pytest.mark.parametrize("after", [40, 2_000, WIDE])
def test_a_session_that_is_written_by_half_is_never_read_as_whole(
    vault: KeyringVault, keychain: NarrowKeychain, before: int, after: int
) -> None:
    """However far it comes, the old session is there or the new one; and the next save puts all in order."""
    old, new = a_session(1, width=before), a_session(2, width=after)
    save(vault, 1, before)
    save(vault, 1, before)
    kept = dict(keychain.entries)
    seen = []

    for changes in range(100):
        keychain.entries, keychain.changes = dict(kept), changes
        try:
            save(vault, 2, after)
        except VaultUnavailable:
            seen.append(vault.load(KEY))
            assert vault.load(KEY) in (old, new)
            keychain.changes = None
            save(vault, 3)
            assert (vault.load(KEY), len(keychain.entries)) == (a_session(3), 1)
        else:
            break

    assert vault.load(KEY) == new
    assert seen[0] == old
    assert seen == sorted(seen, key=lambda found: found.revision if found else 0)


@pytest.mark.parametrize("width", [40, WIDE])
def test_what_is_cleared_leaves_nothing_in_the_keychain(
    vault: KeyringVault, keychain: NarrowKeychain, width: int
) -> None:
    save(vault, 1, width)
    save(vault, 2, WIDE)
    save(vault, 3, width)

    clear(vault)

    assert keychain.entries == {}


def test_a_session_that_is_cleared_by_half_is_gone_and_cleared_by_the_next_who_tries(
    vault: KeyringVault, keychain: NarrowKeychain
) -> None:
    save(vault, 1, WIDE)
    keychain.changes = 2

    with pytest.raises(VaultUnavailable, match="is it locked"):
        clear(vault)

    assert vault.load(KEY) is None
    keychain.changes = None
    clear(vault)
    assert keychain.entries == {}


def test_services_are_apart(keychain: NarrowKeychain, tmp_path: Path) -> None:
    ours, theirs = (KeyringVault(service, tmp_path / "keyring.lock") for service in ("ours", "theirs"))
    save(ours, 1, WIDE)
    save(theirs, 2, WIDE)

    clear(ours)

    assert (ours.load(KEY), theirs.load(KEY)) == (None, a_session(2, width=WIDE))


@pytest.mark.parametrize("width", [40, WIDE])
@pytest.mark.parametrize("value", ["", "secret-", "[]", '{"version": 2}', '{"version": 1, "slot": "a", "parts": 9}'])
def test_a_damaged_entry_is_said_to_be_one_until_somebody_signs_in_again(
    vault: KeyringVault, keychain: NarrowKeychain, value: str, width: int
) -> None:
    save(vault, 1, width)
    for entry in keychain.entries:
        keychain.entries[entry] = value

    with pytest.raises(VaultDamaged, match="signing in again") as damaged:
        vault.load(KEY)

    assert "secret-" not in f"{damaged.value!r} {damaged.value.__context__!r}"
    save(vault, 2)
    assert (vault.load(KEY), len(keychain.entries)) == (a_session(2), 1)


def test_what_the_keychain_says_is_not_repeated(
    vault: KeyringVault, keychain: NarrowKeychain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This one quotes the value that it refuses."""
    monkeypatch.setattr("tests.client.keychain.MOST_BYTES", 0)

    with pytest.raises(VaultUnavailable, match="PasswordSetError") as refused:
        save(vault)

    assert "secret-" not in f"{refused.value!r} {refused.value.__context__!r}"


def test_a_machine_without_a_keychain_is_told_what_to_do(vault: KeyringVault) -> None:
    have_no_keychain()

    with pytest.raises(VaultUnavailable, match="FileVault"):
        vault.load(KEY)
    with pytest.raises(VaultUnavailable, match="FileVault"):
        save(vault)


@pytest.mark.parametrize(
    ("state", "where"), [("{home}/state", "state"), ("", ".local/state"), ("relative", ".local/state")]
)
def test_its_locks_are_where_programs_keep_their_state(
    keychain: NarrowKeychain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, where: str
) -> None:
    """XDG Base Directory Specification: a path that is not absolute is to be ignored."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", state.format(home=tmp_path))

    save(KeyringVault())

    locks = tmp_path / where / "evergrant"
    assert (locks / "keyring.lock").exists()
    assert locks.stat().st_mode & 0o777 == 0o700
