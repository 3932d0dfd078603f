"""How many rows and bytes a database has, table by table and index by index."""

import sqlite3
from contextlib import closing
from typing import Any

from bench.scale.place import Place

TABLES = ("attempts", "claims", "clients", "consents", "events", "grants", "realms", "sessions", "signing_keys")


def rows(place: Place) -> dict[str, int]:
    """Rows of every table that a refresh could conceivably add to."""
    return {table: place.rows(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


def sizes(place: Place) -> dict[str, Any]:
    """Bytes per grant: the table, and each of its indexes."""
    if place.kind == "sqlite":
        # Python's own module can tell sizes, pysqlite3 cannot. Nobody else has the file open. The pages are counted,
        # because `pgsize` begins again at 4 GiB.
        with closing(sqlite3.connect(f"file:{place.file}?mode=ro", uri=True)) as connection:
            found = connection.execute(
                "SELECT name, pageno * 4096 FROM dbstat('main', 1) WHERE name IN"
                " (SELECT name FROM sqlite_master WHERE tbl_name = 'grants')"
            ).fetchall()
        total = place.file.stat().st_size
    else:
        found = place.rows(
            "SELECT relname, pg_relation_size(oid) FROM pg_class WHERE oid = 'grants'::regclass"
            " OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'grants'::regclass)"
        )
        total = place.rows("SELECT pg_database_size(current_database())")[0][0]
    grants = place.rows("SELECT count(*) FROM grants")[0][0]
    each = {name: round(size / grants, 1) for name, size in sorted(found)}
    return {"grants": grants, "database_bytes": total, "bytes_per_grant": round(sum(each.values()), 1), "each": each}


def updates(place: Place) -> dict[str, Any]:
    """PostgreSQL: how many updates there were of `grants`, how many of them in place, and what is dead."""
    (found,) = place.rows(
        "SELECT n_tup_upd, n_tup_hot_upd, n_dead_tup, n_live_tup, autovacuum_count, pg_relation_size('grants'),"
        " pg_indexes_size('grants') FROM pg_stat_user_tables WHERE relname = 'grants'"
    )
    names = ("updates", "in_place", "dead", "live", "autovacuums", "table_bytes", "index_bytes")
    return dict(zip(names, found, strict=True))
