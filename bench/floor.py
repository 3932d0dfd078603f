"""The physical limit: one signature and one durable conditional write in a batch, with nothing around them."""

from __future__ import annotations

import tempfile
from hashlib import sha256
from pathlib import Path
from time import process_time

import pysqlite3

from evergrant.cli.benching.calibration import signature_us

ROWS = 32
BATCHES = 400
GRANTS = 1_000

# As wide as a grant, and renewed as one is: each condition that makes a renewal safe, and each fact that it writes.
TABLE = (
    "CREATE TABLE g (id BLOB PRIMARY KEY, realm TEXT, state TEXT, generation INT, key_id INT, renewed_at INT,"
    " previous_renewed_at INT, used_at INT, digest BLOB, retries INT, user_agent TEXT, address_prefix TEXT, rest BLOB)"
    " STRICT"
)
INSERT = "INSERT INTO g VALUES (?, 'default', 'active', 0, 1, 0, 0, 0, ?, 0, 'wrk/4.1', '127.0.0.0/24', ?)"
RENEW = (
    "UPDATE g SET generation = ?, key_id = ?, previous_renewed_at = ?, renewed_at = ?, used_at = ?,"
    " retries = (retries * ?) % 256, user_agent = ?, address_prefix = ?"
    " WHERE id = ? AND realm = ? AND state = 'active' AND generation = ? AND renewed_at = ?"
)


def floor() -> dict[str, float]:
    """µs of CPU: `signature_us`, and `commit_us` for one of 32 conditional updates that a durable commit holds."""
    before = signature_us()
    with tempfile.TemporaryDirectory(prefix="evergrant-floor-") as folder:
        commit = _commit_us(Path(folder) / "floor.db")
    signature = (before + signature_us()) / 2
    return {
        "signature_us": round(signature, 2),
        "commit_us": round(commit, 2),
        "together_us": round(signature + commit, 2),
    }


def _commit_us(file: Path) -> float:
    connection = pysqlite3.connect(str(file), isolation_level=None)
    try:
        for setting in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0"):
            connection.execute(f"PRAGMA {setting}")
        connection.execute(TABLE)
        # Scattered, so that a batch meets as many pages as a real one does: ids of grants are random.
        ids = [sha256(str(number).encode()).digest()[:16] for number in range(GRANTS)]
        connection.executemany(INSERT, [(one, bytes(16), b"r" * 300) for one in ids])
        before = process_time()
        for batch in range(BATCHES):
            connection.execute("BEGIN IMMEDIATE")
            for place in range(batch * ROWS, (batch + 1) * ROWS):
                turn = place // GRANTS
                values = (turn + 1, 1, turn, turn + 1, turn + 1, 4, "wrk/4.1", "127.0.0.0/24")
                moved = connection.execute(RENEW, (*values, ids[place % GRANTS], "default", turn, turn)).rowcount
                assert moved == 1
            connection.execute("COMMIT")
        return (process_time() - before) * 1e6 / (BATCHES * ROWS)
    finally:
        connection.close()


if __name__ == "__main__":
    print(floor())
