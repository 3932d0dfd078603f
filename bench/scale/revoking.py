"""How long it takes to end all grants of a subject and of a client, and what others feel meanwhile."""

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Any

from bench.scale.crowd import Crowd, crowd
from bench.scale.objects import CLIENTS, KNOWN_CLIENTS, known_numbers, subjects_for
from bench.scale.place import Place
from bench.scale.sizes import updates
from evergrant.core.facts import Revocation
from evergrant.core.ports.ledger import RevokeAll, RevokeWhere
from evergrant.core.ports.reader import StoreUnavailable
from evergrant.core.reasons import Reason
from evergrant.protocol.values import ClientId, Millis, RealmId, SubjectId
from evergrant.store.open import open_store

SUBJECTS = 200


def of_subjects(place: Place) -> list[dict[str, Any]]:
    """Some subjects, one after another, by the store's own verb from a process beside the server."""
    with crowd(place) as here:
        quiet = here.quiet()
        people = [RevokeWhere(subject=SubjectId(it)) for it in _strangers(place)]
        since = time.monotonic()
        each = asyncio.run(_end(place, _realm(place), people))
        felt = here.probe.felt(since, time.monotonic())
    took = sorted(it.took for it in each)
    found = {
        "what": "subject",
        "times": len(each),
        "grants_ended": sum(it.ended or 0 for it in each),
        "p50_ms": round(took[len(took) // 2], 2),
        "p99_ms": round(took[len(took) * 99 // 100], 2),
        "felt": felt,
        "quiet": quiet,
    }
    return [found | _storm(place, here)]


def of_a_client(place: Place) -> list[dict[str, Any]]:
    """A tenth of all grants by one verb, sent by a process beside the server, as the command line does it."""
    client = _client_left(place)
    with crowd(place) as here:
        quiet, since = here.quiet(), time.monotonic()
        (ending,) = asyncio.run(_end(place, _realm(place), [RevokeWhere(client_id=ClientId(client))]))
        until = time.monotonic()
        time.sleep(3)
        felt, after = here.probe.felt(since, until), here.probe.felt(until, until + 3)
    found = {
        "what": "client",
        "grants_ended": _ended(place, client),
        "caller_was_told": ending.ended is not None,
        "seconds": round(ending.took / 1000, 2),
        "felt": felt,
        "felt_after": after,
        "quiet": quiet,
    }
    return [found | _storm(place, here)]


def _storm(place: Place, here: Crowd) -> dict[str, Any]:
    found: dict[str, Any] = {
        "kind": place.kind,
        "grants": place.grants,
        "storm_refreshes_per_s": [it["refreshes_per_s"] for it in here.storms],
        "storm_unavailable": sum(it["unavailable"] for it in here.storms),
        "storm_refused": sum(it["refused"] for it in here.storms),
        "storm_max_ms": max(it["max_ms"] for it in here.storms),
    }
    return found | ({"log_bytes": max(here.log)} if place.kind == "sqlite" else {"updates": updates(place)})


def _realm(place: Place) -> RealmId:
    return RealmId(place.rows("SELECT id FROM realms WHERE name = 'default'")[0][0])


@dataclass(frozen=True, slots=True)
class Ending:
    """`took`: milliseconds until it was done; `ended`: grants, None where the caller was told that nobody knows."""

    took: float
    ended: int | None


async def _end(place: Place, realm: RealmId, wheres: list[RevokeWhere]) -> list[Ending]:
    store, found = open_store(place.url), []
    since, unknown = time.monotonic(), False
    try:
        ledger = store.realm_store(realm)
        await store.realms()  # connect before the clock runs
        for where in wheres:
            since = time.monotonic()
            revocation = Revocation(Millis(time.time_ns() // 1_000_000), "operator", Reason.BY_OPERATOR)
            saved = await ledger.revoke_all(RevokeAll((where,), revocation), events=())
            found.append(Ending((time.monotonic() - since) * 1000, saved.revoked))
    except StoreUnavailable:
        unknown = True  # it goes on all the same, and closing waits for it
    finally:
        await store.close()
    return [*found, Ending((time.monotonic() - since) * 1000, None)] if unknown else found


def _strangers(place: Place) -> list[str]:
    """Subjects none of whose grants is refreshed by the bench."""
    people = subjects_for(place.grants)
    known = {number % people for number in known_numbers(place.grants)}
    apart = max(1, people // (2 * SUBJECTS))
    # Others at each run: those of the last one have nothing left to end.
    wanted = [it for it in range(random.randrange(apart), people, apart) if it not in known][:SUBJECTS]
    return [f"u_{(it * 2654435761 + 97) % 2**32:08x}{'s' * 14}" for it in wanted]


def _ended(place: Place, client: str) -> int:
    realm = "(SELECT id FROM realms WHERE name = 'default')"
    query = f"SELECT count(*) FROM grants WHERE client_id = '{client}' AND state = 'revoked' AND realm = {realm}"
    return int(place.rows(query)[0][0])


def _client_left(place: Place) -> str:
    """The last client that still has live grants, and whose grants the bench does not refresh."""
    for number in range(CLIENTS - 1, KNOWN_CLIENTS - 1, -1):
        query = f"SELECT 1 FROM grants WHERE client_id = 'scale-{number}' AND realm = (SELECT id FROM realms"
        if place.rows(f"{query} WHERE name = 'default') AND state = 'active' LIMIT 1"):
            return f"scale-{number}"
    raise SystemExit("every client's grants are over: load anew")
