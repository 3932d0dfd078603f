"""What a server does on its own, round by round, for every realm there is."""

import asyncio
from dataclasses import replace

import pytest

from evergrant.core.credential import MasterKeys
from evergrant.core.facts import GrantState
from evergrant.core.policy import DAY
from evergrant.server.engine.upkeep import Rules, Upkeep
from evergrant.server.journal import Journal
from evergrant.server.metrics import Metrics
from evergrant.server.request_line import RequestLine
from evergrant.store.memory import MemoryStore
from evergrant.store.memory.store import MemoryRealm
from evergrant.testing.chance import Chance
from evergrant.testing.clock import ManualClock
from tests.unit.server.records import a_client, a_grant, a_realm, a_subject


class Lines:
    """A logger that keeps what it was told, and can be waited for."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.heard = asyncio.Event()

    def info(self, event: str, /, **_fields: object) -> None:
        self.told.append(event)
        self.heard.set()

    warning = error = info

    def answered(self, line: RequestLine, /) -> None:
        self.told.append(line.event)


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def upkeep(
    store: MemoryStore, masters: MasterKeys, clock: ManualClock, chance: Chance, lines: Lines, metrics: Metrics
) -> Upkeep:
    return Upkeep(
        store=store,
        masters=masters,
        clock=clock,
        random=chance,
        journal=Journal(lines, metrics),
        rules=Rules(interval=1),
    )


async def test_every_realm_gets_its_own_keys_also_one_that_was_created_later(
    upkeep: Upkeep, store: MemoryStore, realm_store: MemoryRealm
) -> None:
    await upkeep.run_once()
    later = a_realm("later")
    await store.create_realm(later)
    await upkeep.run_once()

    here, there = await realm_store.signing_keys(), await store.realm_store(later.id).signing_keys()
    assert (len(here), len(there)) == (2, 2)
    assert {key.kid for key in here}.isdisjoint(key.kid for key in there)


async def test_what_was_swept_is_counted_and_told(
    upkeep: Upkeep, realm_store: MemoryRealm, clock: ManualClock, lines: Lines, metrics: Metrics
) -> None:
    await realm_store.add_client(a_client(), events=())
    await realm_store.add_subject(a_subject(), None, events=())
    await realm_store.open_grant(
        replace(a_grant(), state=GrantState.PENDING, generation=0), consent=None, room=None, events=()
    )
    clock.advance(DAY)

    await upkeep.run_once()

    assert "swept" in lines.told
    assert 'evergrant_reaper_rows_total{kind="grants"} 1.0' in metrics.render().decode()


async def test_a_store_that_is_down_is_told_and_tried_again_until_the_server_stops(
    upkeep: Upkeep, store: MemoryStore, lines: Lines
) -> None:
    await store.close()
    stop = asyncio.Event()
    running = asyncio.ensure_future(upkeep.run(stop))
    for _ in range(2):
        await asyncio.wait_for(lines.heard.wait(), 10)
        lines.heard.clear()
    stop.set()
    await asyncio.wait_for(running, 10)

    assert set(lines.told) == {"upkeep_postponed"}
    assert len(lines.told) >= 2
