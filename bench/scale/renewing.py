"""A million renewals of a thousand grants through the store's own verb: what is there before and after."""

import asyncio
import time
from typing import Any

from bench.scale.objects import AGENT, known_id, known_numbers
from bench.scale.place import Place
from bench.scale.sizes import rows, sizes, updates
from bench.scale.storm import Sizes, signature
from evergrant.core.facts import Caller
from evergrant.core.ports.ledger import Done, Renewal
from evergrant.core.ports.store import RealmStore
from evergrant.protocol.values import GrantId, Millis, RealmId
from evergrant.store.open import open_store

CHAINS = 1_000
AT_ONCE = 128


def renewals(place: Place, count: int) -> list[dict[str, Any]]:
    """Rows and bytes before and after, PostgreSQL's share of updates in place, SQLite's log while it ran."""
    before = {"rows": rows(place), "bytes": _bytes(place), **_updates(place)}
    log = Sizes(place)
    log.start()
    since, cpu = time.monotonic(), time.process_time()
    done = asyncio.run(_renew(place, count))
    took, cpu = time.monotonic() - since, time.process_time() - cpu
    lengths = log.end()
    time.sleep(2)  # PostgreSQL's counters arrive a moment later
    after = {"rows": rows(place), "bytes": _bytes(place), **_updates(place)}
    found = {
        "kind": place.kind,
        "grants": place.grants,
        "renewed": done,
        "per_s": round(done / took),
        "store_client_us": round(cpu * 1e6 / done, 1),
        "signature_us": signature(),
        "rows_added": {name: after["rows"][name] - before["rows"][name] for name in after["rows"]},
        "before": before,
        "after": after,
    }
    if place.kind == "sqlite":
        found["log_bytes"] = [lengths[len(lengths) * part // 5] for part in range(1, 5)] + [max(lengths)]
    else:
        moved = after["updates"]["updates"] - before["updates"]["updates"]
        in_place = after["updates"]["in_place"] - before["updates"]["in_place"]
        found["in_place_share"] = round(in_place / max(1, moved), 4)
        with place.connect() as connection:
            connection.execute("VACUUM grants")
        time.sleep(2)
        found["after_vacuum"] = {"bytes": _bytes(place), **_updates(place)}
    return [found]


def _bytes(place: Place) -> int:
    found = sizes(place)
    return round(found["bytes_per_grant"] * found["grants"])


def _updates(place: Place) -> dict[str, Any]:
    return {"updates": updates(place)} if place.kind == "postgresql" else {}


async def _renew(place: Place, count: int) -> int:
    (realm,) = place.rows("SELECT id FROM realms WHERE name = 'default'")[0]
    store = open_store(place.url)
    try:
        numbers = known_numbers(place.grants)
        numbers = numbers[:: len(numbers) // CHAINS][:CHAINS]
        ids = [known_id(number) for number in numbers]
        ledger = store.realm_store(RealmId(realm))
        each = count // AT_ONCE
        shares = [ids[first::AT_ONCE] for first in range(AT_ONCE)]
        return sum(await asyncio.gather(*(_one_after_another(ledger, share, each) for share in shares)))
    finally:
        await store.close()


async def _one_after_another(ledger: RealmStore, ids: list[GrantId], count: int) -> int:
    """Renew these grants in turn."""
    standing = {}
    for grant_id in ids:
        facts = await ledger.grant(grant_id)
        if facts is None:
            raise SystemExit("a known grant is gone: load anew")
        standing[grant_id] = (facts.grant.generation, facts.grant.renewed_at, facts.grant.key_id)
    caller, renewed = Caller(AGENT, "192.0.2.0/24"), 0
    for turn in range(count):
        grant_id = ids[turn % len(ids)]
        generation, renewed_at, key_id = standing[grant_id]
        at = Millis(max(time.time_ns() // 1_000_000, renewed_at + 1))
        renewal = Renewal(grant_id, generation, renewed_at, generation + 1, False, key_id, at, caller)
        if isinstance(await ledger.renew(renewal, events=()), Done):
            standing[grant_id] = (generation + 1, at, key_id)
            renewed += 1
    return renewed
