"""What is remembered of the last login."""

from dataclasses import replace
from pathlib import Path

import pytest

from evergrant.cli.signing_in.last_login import Login, last_login, remember

LOGIN = Login("https://login.example.com", "mine", "work", has_secret=True, scope="openid", ca_file="/ca.pem")


def test_the_last_login_is_remembered_beside_its_vault_and_for_nobody_else(tmp_path: Path) -> None:
    vault, other = tmp_path / "sessions.json", tmp_path / "other.json"

    remember(vault, replace(LOGIN, name="before"))
    remember(vault, LOGIN)

    assert (last_login(vault), last_login(other)) == (LOGIN, None)
    assert (tmp_path / "sessions.json.last").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("written", ["", "{", "[]", "{}", '{"issuer": 1}', "null"])
def test_what_cannot_be_read_is_as_if_there_had_been_no_login(tmp_path: Path, written: str) -> None:
    beside = tmp_path / "sessions.json.last"
    beside.write_text(written)
    beside.chmod(0o600)

    assert last_login(tmp_path / "sessions.json") is None
