"""A vault in a file: who may read it, what is refused, and what a crash or a full disk leaves of it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Final, cast

import pytest

from evergrant.client.errors import VaultDamaged, VaultUnavailable
from evergrant.client.vaults.file import FileVault
from evergrant.testing.vault_contract import a_session
from tests.architecture.repository import ROOT
from tests.client.saving import KEY, WIDTH

SOMEBODY_ELSE = 12_345  # a user id

# Folders are not read-only to root, unless it gives up what makes it root.
_CAPABILITIES: Final = "-dac_override,-dac_read_search"
AS_ANYBODY: Final = () if os.geteuid() else ("setpriv", "--bounding-set", _CAPABILITIES, "--inh-caps", _CAPABILITIES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


@pytest.fixture
def vault(path: Path) -> FileVault:
    return FileVault(path)


def save(vault: FileVault, revision: int = 1, key: str = KEY) -> None:
    with vault.locked(key, 5.0) as drawer:
        drawer.save(a_session(revision))


NO_ROOM: Final = ("prlimit", "--fsize=4096", "--core=0")
"""The kernel refuses to write beyond the first bytes of a file, as a full disk does."""


def program(path: Path, *within: str, times: int = 1, how: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
    """The program that saves, started by the command `within`."""
    # -B: with no room for files it could not write its bytecode either.
    command = [*within, sys.executable, "-B", "-m", "tests.client.saving", str(path), str(times), *how]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def told_by(process: "subprocess.Popen[str]") -> str:
    """All that it prints."""
    return process.communicate(timeout=60)[0]


def files_in(folder: Path) -> list[str]:
    """What is there, but for the locks."""
    return sorted(found.name for found in folder.iterdir() if ".lock" not in found.name)


def belongs_to_somebody_else(path: Path, in_the_system: Path) -> Path:
    """The same, given away; who may not give anything away takes what is root's."""
    if os.geteuid():
        return in_the_system
    os.chown(path, SOMEBODY_ELSE, SOMEBODY_ELSE, follow_symlinks=False)
    return path


def test_it_is_json_that_a_person_can_look_at(vault: FileVault, path: Path) -> None:
    save(vault, 1, "key one")
    save(vault, 2, "key two")

    kept = json.loads(path.read_text())

    assert kept["version"] == 1
    assert {key: record["revision"] for key, record in kept["sessions"].items()} == {"key one": 1, "key two": 2}


def test_a_file_in_the_home_folder_is_meant_by_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    save(FileVault("~/.config/tool/tokens.json"))

    assert files_in(tmp_path / ".config" / "tool") == ["tokens.json"]


def test_a_program_that_changes_its_folder_means_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    vault = FileVault("tokens.json")
    save(vault)

    monkeypatch.chdir("/")

    assert vault.load(KEY) == a_session()


def test_a_folder_that_is_there_keeps_its_mode(vault: FileVault, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    save(vault)

    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_look_at_nothing_makes_nothing(tmp_path: Path) -> None:
    vault = FileVault(tmp_path / "missing" / "tokens.json")

    assert vault.load(KEY) is None

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_can_reach_is_refused_with_a_remedy(vault: FileVault, path: Path, mode: int) -> None:
    save(vault)
    path.chmod(mode)

    with pytest.raises(VaultUnavailable, match=f"chmod 600 {path}"):
        vault.load(KEY)
    with pytest.raises(VaultUnavailable, match="sign in again"):
        save(vault, 2)

    path.chmod(0o600)
    assert vault.load(KEY) == a_session()


def test_a_file_of_somebody_else_is_refused(vault: FileVault, path: Path) -> None:
    """Replaced by root, it would be root's: its owner could never read it again."""
    save(vault)
    theirs = FileVault(belongs_to_somebody_else(path, Path("/etc/passwd")))

    with pytest.raises(VaultUnavailable, match="belongs to somebody else"):
        theirs.load(KEY)


def test_a_link_of_somebody_else_is_refused(vault: FileVault, path: Path, tmp_path: Path) -> None:
    save(vault)
    link = tmp_path / "link.json"
    link.symlink_to(path)
    theirs = FileVault(belongs_to_somebody_else(link, Path("/dev/fd")))

    with pytest.raises(VaultUnavailable, match="link that belongs to somebody else"):
        theirs.load(KEY)
    with pytest.raises(VaultUnavailable, match="link that belongs to somebody else"):
        save(theirs)


def test_a_link_of_ones_own_is_followed_and_stays_a_link(path: Path, tmp_path: Path) -> None:
    """Who keeps the files of their programs in one folder links to them."""
    link = tmp_path / "link.json"
    link.symlink_to(path.name)

    save(FileVault(link), 1)
    save(FileVault(path), 2, "another key")

    assert link.is_symlink()
    assert (FileVault(path).load(KEY), FileVault(link).load("another key")) == (a_session(1), a_session(2))


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")

    with pytest.raises(VaultUnavailable, match="link to a link"):
        FileVault(tmp_path / "one").load(KEY)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_not_a_file_is_refused_at_once(vault: FileVault, path: Path, make: object) -> None:
    assert callable(make)
    make(path)
    path.chmod(0o600)

    with pytest.raises(VaultUnavailable, match="is not a file"):
        vault.load(KEY)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"version": 1, "sessions": {"key": {"access_token": "secret-',
        b'{"version": 2, "sessions": {}}',
        b'{"version": 1, "sessions": ["secret-"]}',
        b'["secret-"]',
        b"\xff\xfesecret-",
        b"[" * 100_000,
    ],
    ids=["empty", "cut off", "later version", "no sessions", "list", "not text", "deep"],
)
def test_a_damaged_file_is_said_to_be_one_and_left_as_it_is(vault: FileVault, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(VaultDamaged, match="move it away and sign in again") as looked:
        vault.load(KEY)
    with pytest.raises(VaultDamaged) as saved:
        save(vault)

    assert path.read_bytes() == content
    assert looked.value.__context__ is None
    assert saved.value.__context__ is None


def test_a_damaged_session_does_not_hurt_the_others(vault: FileVault, path: Path) -> None:
    save(vault)
    kept = json.loads(path.read_text())
    kept["sessions"]["damaged"] = {"version": 1, "access_token": ["secret-"]}
    path.write_text(json.dumps(kept))

    with pytest.raises(VaultDamaged) as damaged:
        vault.load("damaged")
    save(vault, 2)

    assert "secret-" not in f"{damaged.value!r}"
    assert vault.load(KEY) == a_session(2)
    assert json.loads(path.read_text())["sessions"]["damaged"] == kept["sessions"]["damaged"]


def test_no_room_on_the_disk_leaves_the_old_file_whole(vault: FileVault, path: Path, tmp_path: Path) -> None:
    save(vault)
    before = path.read_bytes()

    told = told_by(program(path, *NO_ROOM))

    assert told == f"VaultUnavailable: {path} cannot be written: File too large\n"
    assert path.read_bytes() == before
    assert files_in(tmp_path) == ["tokens.json"]


def test_a_folder_that_cannot_be_written_leaves_the_old_file_whole(vault: FileVault, path: Path) -> None:
    save(vault)
    before = path.read_bytes()
    path.parent.chmod(0o500)

    told = told_by(program(path, *AS_ANYBODY))

    path.parent.chmod(0o700)
    assert told == f"VaultUnavailable: {path} cannot be written: Permission denied\n"
    assert path.read_bytes() == before


def test_a_death_in_the_middle_of_a_write_leaves_the_old_file_whole(vault: FileVault, path: Path) -> None:
    save(vault, 1)
    process = program(path, *NO_ROOM, how=("fragile",))

    told = told_by(process)

    # Proof that it died where it was meant to: half of the new file is there.
    assert (told, process.returncode) == ("", -signal.SIGXFSZ)
    assert (path.parent / "tokens.json.new").stat().st_size == 4096
    assert vault.load(KEY) == a_session(1)
    save(vault, 2)
    assert vault.load(KEY) == a_session(2)
    assert files_in(path.parent) == ["tokens.json"]


def test_kills_at_any_moment_leave_the_last_saved_state(vault: FileVault, path: Path) -> None:
    """What was acknowledged is there; of the one that was cut off there is all or nothing."""
    ahead = []
    for rounds in range(5):
        process = program(path, times=1_000_000)
        lines = cast(IO[str], process.stdout)
        heard = [lines.readline() for _ in range(3 + 7 * rounds)]
        process.kill()
        heard += told_by(process).splitlines()
        left = vault.load(KEY)
        assert left is not None
        assert left == a_session(left.revision, width=WIDTH)
        ahead.append(left.revision - int(heard[-1]))

    save(vault, 7)
    assert set(ahead) <= {0, 1}
    assert vault.load(KEY) == a_session(7)
    assert files_in(path.parent) == ["tokens.json"]
