"""What gathers while a batch is under way is the next one; each item keeps its own outcome."""

import asyncio
from collections.abc import Sequence

import pytest

from evergrant.core.ports.reader import StoreUnavailable
from evergrant.store.sql.batches import Batches, Land


class Database:
    """Keeps every batch that is handed to it until it is told to answer."""

    def __init__(self) -> None:
        self.batches: list[tuple[Sequence[str], Land[str]]] = []

    def carry(self, items: Sequence[str], land: Land[str]) -> None:
        self.batches.append((items, land))

    @property
    def taken(self) -> list[list[str]]:
        return [list(items) for items, _ in self.batches]

    def answer(self, number: int) -> None:
        items, land = self.batches[number]
        land([f"{item}!" for item in items])


@pytest.fixture
def database() -> Database:
    return Database()


async def a_turn() -> None:
    """Let the loop do what is ready."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_a_lone_item_waits_for_nobody(database: Database) -> None:
    batches = Batches(database.carry)
    asked = batches.put("a")
    await a_turn()
    assert database.taken == [["a"]]
    database.answer(0)
    assert await asked == "a!"


async def test_what_gathers_meanwhile_is_one_batch(database: Database) -> None:
    batches = Batches(database.carry)
    first = batches.put("a")
    await a_turn()
    others = [batches.put(item) for item in "bcd"]
    await a_turn()
    assert database.taken == [["a"]]
    database.answer(0)
    assert database.taken == [["a"], ["b", "c", "d"]]
    database.answer(1)
    assert [await asked for asked in (first, *others)] == ["a!", "b!", "c!", "d!"]


async def test_those_who_ask_in_one_turn_of_the_loop_go_together(database: Database) -> None:
    batches = Batches(database.carry)
    for item in "abc":
        _ = batches.put(item)
    await a_turn()
    assert database.taken == [["a", "b", "c"]]


async def test_a_batch_has_a_bound_and_the_rest_follows(database: Database) -> None:
    batches = Batches(database.carry, most=2)
    for item in "abcde":
        _ = batches.put(item)
    await a_turn()
    database.answer(0)
    database.answer(1)
    assert database.taken == [["a", "b"], ["c", "d"], ["e"]]


async def test_where_it_is_allowed_several_batches_are_under_way(database: Database) -> None:
    batches = Batches(database.carry, in_flight=2)
    for item in "ab":
        _ = batches.put(item)
        await a_turn()
    third = batches.put("c")
    await a_turn()
    assert database.taken == [["a"], ["b"]]
    database.answer(1)
    assert database.taken == [["a"], ["b"], ["c"]]
    database.answer(2)
    assert await third == "c!"


async def test_an_error_is_its_own_items_and_nobody_elses(database: Database) -> None:
    batches = Batches(database.carry)
    asked = [batches.put(item) for item in "abc"]
    await a_turn()
    _, land = database.batches[0]
    land(["a!", StoreUnavailable("poisoned"), "c!"])
    assert await asked[0] == "a!"
    with pytest.raises(StoreUnavailable, match="poisoned"):
        await asked[1]
    assert await asked[2] == "c!"


async def test_who_finds_the_queue_full_is_told_at_once(database: Database) -> None:
    batches = Batches(database.carry, queue=2)
    _ = batches.put("under way")
    await a_turn()
    waiting = [batches.put(item) for item in "ab"]
    with pytest.raises(StoreUnavailable, match="too many"):
        _ = batches.put("c")
    database.answer(0)
    database.answer(1)
    assert [await asked for asked in waiting] == ["a!", "b!"]
    _ = batches.put("there is room again")


async def test_who_waits_too_long_is_told_and_what_was_begun_is_waited_for(database: Database) -> None:
    batches = Batches(database.carry, patience_s=0.02)
    begun = batches.put("begun")
    await a_turn()
    late, later = batches.put("late"), batches.put("later")
    for asked in (late, later):
        with pytest.raises(StoreUnavailable, match="in time"):
            await asked
    assert not begun.done()
    database.answer(0)
    assert await begun == "begun!"
    # Nobody carries out what was withdrawn, and the next one is served.
    asked = batches.put("next")
    await a_turn()
    assert database.taken == [["begun"], ["next"]]
    database.answer(1)
    assert await asked == "next!"


async def test_who_waits_for_a_batch_that_does_not_come_back_is_told_and_the_batch_goes_on(database: Database) -> None:
    batches = Batches(database.carry, in_flight=2, answer_s=0.02)
    stuck = [batches.put(item) for item in "ab"]
    await a_turn()
    other = batches.put("other")
    await a_turn()
    for asked in stuck:
        with pytest.raises(StoreUnavailable, match="did not answer"):
            await asked
    with pytest.raises(StoreUnavailable, match="did not answer"):
        await other
    # Both are still under way: nothing is sent behind them until one has landed.
    following = batches.put("following")
    await a_turn()
    assert database.taken == [["a", "b"], ["other"]]
    database.answer(0)
    database.answer(2)
    assert await following == "following!"


async def test_a_caller_who_is_cancelled_stops_nothing(database: Database) -> None:
    batches = Batches(database.carry)
    under_way = batches.put("a")
    await a_turn()
    waiting = batches.put("b")
    under_way.cancel()
    waiting.cancel()
    database.answer(0)
    assert database.taken == [["a"], ["b"]]
    database.answer(1)


async def test_closing_lets_what_was_taken_finish_and_takes_no_more(database: Database) -> None:
    batches = Batches(database.carry)
    first = batches.put("a")
    await a_turn()
    second = batches.put("b")
    closing = asyncio.ensure_future(batches.close())
    await a_turn()
    with pytest.raises(StoreUnavailable, match="closed"):
        _ = batches.put("c")
    database.answer(0)
    assert not closing.done()
    database.answer(1)
    await closing
    assert [await first, await second] == ["a!", "b!"]
    await batches.close()
