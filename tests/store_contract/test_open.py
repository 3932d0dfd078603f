"""From a URL to a store, and what is left on the disk."""

import stat
from pathlib import Path

import pytest

from evergrant.core.ports.reader import StoreUnavailable
from evergrant.store.open import open_store
from evergrant.store.upgrade import check, upgrade


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "evergrant.db",
        "mysql://user:hunter2@host/database",
        "postgresql://user:hunter2@host",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file.db?mode=ro&password=hunter2",
        "postgresql://user:hunter2@host:port/database",
        "postgresql://user:hunter2@one:5432,two:port/database",
    ],
)
def test_a_url_without_a_store_is_refused_with_a_remedy_and_without_its_password(url: str) -> None:
    for ask in (open_store, check, upgrade):
        with pytest.raises(ValueError, match="use memory://") as refused:
            ask(url)
        assert "hunter2" not in str(refused.value)
        assert refused.value.__cause__ is None


async def test_memory_needs_no_upgrade() -> None:
    for url in ("memory:", "memory://"):
        upgrade(url)
        assert check(url) == "head"
        assert await open_store(url).realms() == ()


async def test_the_database_file_is_for_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "data" / "deeper" / "evergrant.db"
    url = f"sqlite:///{path}"
    upgrade(url)
    store = open_store(url)
    assert await store.realms() == ()
    assert mode(path.parent) == 0o700
    beside = sorted(path.parent.iterdir())
    assert [file.suffix for file in beside] == [".db", ".db-shm", ".db-wal"]
    assert {mode(file) for file in beside} == {0o600}
    await store.close()


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    upgrade(f"sqlite:///{tmp_path}/evergrant.db")
    assert mode(tmp_path) == 0o750


async def test_a_file_that_is_no_database_is_unavailable_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "evergrant.db"
    path.write_bytes(b"a letter to a friend, much longer than the header of any database file: " * 20)
    before = path.read_bytes()
    store = open_store(f"sqlite:///{path}")
    with pytest.raises(StoreUnavailable):
        await store.realms()
    with pytest.raises(StoreUnavailable):
        upgrade(f"sqlite:///{path}")
    await store.close()
    assert path.read_bytes() == before


async def test_a_database_without_schema_says_so_and_answers_no_question(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/evergrant.db")
    health = await store.health()
    assert health.schema == "The database has no schema yet: run `evergrant db upgrade`."
    with pytest.raises(StoreUnavailable):
        await store.realms()
    await store.close()
