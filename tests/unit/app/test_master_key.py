"""The master key that development mode keeps in its data folder."""

import os
import threading
from pathlib import Path

from evergrant.app.master_key import keep_master_key
from evergrant.core.credential import MasterKeys
from evergrant.protocol.values import RealmId


def derived(keys: MasterKeys) -> bytes:
    return keys.derive(keys.current, "label", RealmId("r1"), "purpose")


def test_it_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = keep_master_key(tmp_path, os.urandom)
    again = keep_master_key(tmp_path, os.urandom)

    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600
    assert derived(first) == derived(again)


def test_two_first_starts_at_once_agree_on_one_key(tmp_path: Path) -> None:
    """They would otherwise sign under different keys, and the tokens of one be refused after a restart."""
    together = threading.Barrier(2)
    kept: list[bytes] = []

    def start() -> None:
        together.wait()
        kept.append(derived(keep_master_key(tmp_path, os.urandom)))

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert kept[0] == kept[1]
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]
