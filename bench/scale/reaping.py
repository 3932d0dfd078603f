"""How fast the server's own reaper deletes what is over, and what others feel meanwhile."""

import time
from typing import Any

from bench.scale.crowd import crowd
from bench.scale.objects import DAY
from bench.scale.place import Place
from bench.scale.sizes import updates
from evergrant.store import schema

PATIENCE_S = 150.0


def expire(place: Place, count: int) -> None:
    """Add so many grants that ended two days ago, like live ones in all else, all over the index of ids."""
    ended = time.time_ns() // 1_000_000 - 2 * DAY
    fresh = "randomblob(16)" if place.kind == "sqlite" else "uuid_send(gen_random_uuid())"
    names = [column.name for column in schema.grants.columns]
    own = {"id": fresh, "expires_at": f"{ended} - generation"}
    values = ", ".join(own.get(name, name) for name in names)
    with place.connect() as connection:
        connection.execute(
            f"INSERT INTO grants ({', '.join(names)}) SELECT {values} FROM grants"
            f" WHERE state = 'active' AND expires_at > {ended} LIMIT {count}"
        )
        if place.kind == "sqlite":
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def left(place: Place) -> int:
    """How many grants are over and still there."""
    now = time.time_ns() // 1_000_000
    realm = "(SELECT id FROM realms WHERE name = 'default')"
    query = f"SELECT count(*) FROM grants WHERE realm = {realm} AND expires_at > 0 AND expires_at < {now - DAY}"
    return int(place.rows(query)[0][0])


def reaping(place: Place, count: int) -> list[dict[str, Any]]:
    """The server reaps from its start on; it is watched until all is gone or patience ends."""
    expire(place, count)
    with crowd(place) as here:
        since, before = time.monotonic(), left(place)
        now = before
        while now and time.monotonic() < since + PATIENCE_S:
            time.sleep(1)
            now = left(place)
        until = time.monotonic()
        felt = here.probe.felt(since, until)
        quiet = here.quiet()
    return [
        {
            "kind": place.kind,
            "grants": place.grants,
            "expired": count,
            "left": now,
            "rows_per_s": round((before - now) / (until - since)),
            "seconds": round(until - since, 1),
            "felt": felt,
            "quiet": quiet,
            "storm_refreshes_per_s": [it["refreshes_per_s"] for it in here.storms],
            "storm_p99_ms": [it["p99_ms"] for it in here.storms],
            **({"log_bytes": max(here.log)} if place.kind == "sqlite" else {"updates": updates(place)}),
        }
    ]
