"""What a process remembers is never more than a second behind the store."""

import asyncio

import pytest

from evergrant.core.facts import Realm
from evergrant.core.ports.reader import StoreUnavailable
from evergrant.server.freshness import MAX_AGE, Freshness
from evergrant.store.memory import MemoryStore
from evergrant.store.memory.store import MemoryRealm
from evergrant.testing.clock import ManualClock
from tests.unit.server.records import a_client


class SlowRealm:
    """The store behind a gate, to see who waits for what."""

    def __init__(self, store: MemoryRealm) -> None:
        self.store = store
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def realm(self) -> Realm:
        self.asked += 1
        found = await self.store.realm()
        await self.gate.wait()
        return found


@pytest.fixture
def slow(realm_store: MemoryRealm) -> SlowRealm:
    return SlowRealm(realm_store)


async def test_within_a_second_nobody_asks_twice(slow: SlowRealm, clock: ManualClock) -> None:
    freshness = Freshness(slow, clock)

    for _ in range(3):
        await freshness.realm()
        clock.advance(MAX_AGE // 3)

    assert slow.asked == 1


async def test_after_a_second_the_change_of_another_process_is_seen(slow: SlowRealm, clock: ManualClock) -> None:
    freshness = Freshness(slow, clock)
    before = await freshness.realm()
    await slow.store.add_client(a_client(), events=())

    clock.advance(MAX_AGE)

    assert (await freshness.realm()).version == before.version + 1


async def test_all_who_ask_at_once_wait_for_one_answer(slow: SlowRealm, clock: ManualClock) -> None:
    freshness = Freshness(slow, clock)

    found = await asyncio.gather(*(freshness.realm() for _ in range(64)))

    assert (slow.asked, len(found)) == (1, 64)


async def test_a_client_that_hangs_up_takes_the_answer_from_nobody(slow: SlowRealm, clock: ManualClock) -> None:
    freshness = Freshness(slow, clock)
    slow.gate.clear()
    first, second = (asyncio.ensure_future(freshness.realm()) for _ in range(2))
    await asyncio.wait({first, second}, timeout=0)
    first.cancel()
    await asyncio.wait({first})
    slow.gate.set()

    assert (await second).name == "default"
    assert (first.cancelled(), slow.asked) == (True, 1)


async def test_an_answer_on_its_way_for_more_than_a_second_is_not_good_enough(
    slow: SlowRealm, clock: ManualClock
) -> None:
    freshness = Freshness(slow, clock)
    slow.gate.clear()
    early = asyncio.ensure_future(freshness.realm())
    await asyncio.wait({early}, timeout=0)
    await slow.store.add_client(a_client(), events=())
    clock.advance(MAX_AGE)
    late = asyncio.ensure_future(freshness.realm())
    await asyncio.wait({late}, timeout=0)
    slow.gate.set()

    assert (await late).version == (await early).version + 1
    assert (await freshness.realm()).version == (await late).version


async def test_a_clock_that_steps_back_makes_nobody_blind(slow: SlowRealm, clock: ManualClock) -> None:
    freshness = Freshness(slow, clock)
    await freshness.realm()

    clock.advance(-3_600_000)
    await freshness.realm()

    assert slow.asked == 2


async def test_what_was_read_before_a_local_change_is_not_remembered_after_it(
    slow: SlowRealm, clock: ManualClock
) -> None:
    freshness = Freshness(slow, clock)
    slow.gate.clear()
    early = asyncio.ensure_future(freshness.realm())
    await asyncio.wait({early}, timeout=0)
    await slow.store.add_client(a_client(), events=())
    freshness.forget()
    slow.gate.set()
    await early

    assert (await freshness.realm()).version == (await early).version + 1


async def test_a_store_that_is_down_is_said_to_be_down_and_asked_again(
    slow: SlowRealm, store: MemoryStore, clock: ManualClock
) -> None:
    freshness = Freshness(slow, clock)
    await freshness.realm()
    await store.close()
    clock.advance(MAX_AGE)

    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await freshness.realm()

    assert slow.asked == 3
