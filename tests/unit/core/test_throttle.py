"""How fast passwords may be guessed (Q-20, R-010): simulated on the real counters of the memory store."""

from dataclasses import dataclass, field

from evergrant.core.policy import DAY, MINUTE, SECOND
from evergrant.core.ports.ledger import Attempt
from evergrant.core.throttle import (
    LONGEST_DELAY,
    SPARE_DELAY,
    Counter,
    Gate,
    counters,
    delay,
    gates,
    held_for,
)
from evergrant.protocol.values import Millis
from evergrant.store.memory import MemoryStore
from evergrant.store.memory.store import MemoryRealm
from evergrant.testing.clock import START
from tests.unit.server.records import REALM

HOME, ELSEWHERE = "192.0.2.0", "198.51.100.0"


def attempts(moved: tuple[Counter, ...] | tuple[Gate, ...]) -> tuple[Attempt, ...]:
    return tuple(Attempt(m.key, m.leak if isinstance(m, Counter) else m.delay) for m in moved)


@dataclass
class Door:
    """Wrong passwords, one after the other: what the engine does, without hashing."""

    store: MemoryRealm = field(default_factory=lambda: MemoryStore().realm_store(REALM))
    now: int = START

    async def knock(self, prefix: str = HOME, username: str = "ada", browser: bytes | None = None) -> int:
        """0: the password was looked at (and was wrong); else how long to wait."""
        moved = counters(username, prefix, browser)
        passed = gates(moved, await self.store.count_attempts(attempts(moved), Millis(self.now)))
        if not passed:
            return 0
        wait = held_for(passed, await self.store.count_attempts(attempts(passed), Millis(self.now)))
        if wait:
            await self.store.forgive_attempts(attempts(moved) + attempts(passed), Millis(self.now))
        return wait


async def test_five_guesses_at_an_account_are_free_and_then_the_delay_doubles() -> None:
    door = Door()

    assert [await door.knock() for _ in range(5)] == [0] * 5
    waits = []
    for _ in range(12):
        waits.append(await door.knock())
        door.now += waits[-1]
        assert await door.knock() == 0

    assert waits[:4] == [2 * SECOND, 4 * SECOND, 8 * SECOND, 16 * SECOND]
    assert max(waits) == LONGEST_DELAY


async def test_who_hammers_waits_no_longer_than_who_waits() -> None:
    door = Door()
    for _ in range(1000):
        await door.knock()

    door.now += 2 * SECOND

    assert await door.knock() == 0


async def test_a_hundred_at_once_are_a_hundred() -> None:
    """R-010: all are counted before any is looked at."""
    door = Door()

    looked_at = [await door.knock() for _ in range(100)].count(0)

    assert looked_at == 5


async def test_a_network_that_tries_many_accounts_is_slowed_down() -> None:
    door = Door()

    looked_at = [await door.knock(username=f"user{number}") for number in range(100)].count(0)

    assert looked_at == 20
    assert await door.knock(ELSEWHERE, "user1") == 0


async def test_an_attacker_with_many_networks_is_slowed_down_at_the_account() -> None:
    door = Door()

    first = [await door.knock(f"prefix{number}") for number in range(200)].count(0)
    second = [await door.knock(f"prefix{number}") for number in range(200)].count(0)

    assert first == 200  # a network that never tried has one attempt
    assert second <= 50


async def test_nobody_can_lock_a_user_out() -> None:
    """Whatever the rest of the world does, home has an attempt an hour, and a known browser its own counter."""
    door = Door()
    for number in range(100):
        for _ in range(3):
            await door.knock(f"prefix{number}")

    assert await door.knock(HOME) == 0
    assert await door.knock(HOME) == SPARE_DELAY
    assert await door.knock(HOME, browser=b"my laptop") == 0
    door.now += SPARE_DELAY
    assert await door.knock(HOME) == 0


async def test_a_known_browser_has_ten_guesses_and_is_then_slowed_down_too() -> None:
    door = Door()

    assert [await door.knock(browser=b"my laptop") for _ in range(100)].count(0) == 10
    assert await door.knock() == 0  # and its guesses were counted nowhere else


async def test_everything_is_forgotten_in_time() -> None:
    door = Door()
    for _ in range(30):
        await door.knock()

    door.now += 2 * DAY

    assert [await door.knock() for _ in range(5)] == [0] * 5


def test_the_delay_has_a_longest() -> None:
    assert [delay(0), delay(1), delay(9), delay(10), delay(1000)] == [
        SECOND,
        2 * SECOND,
        512 * SECOND,
        15 * MINUTE,
        15 * MINUTE,
    ]


def test_the_counters_name_nobody() -> None:
    for counter in counters("ada", HOME, None):
        assert len(counter.key) == len(counter.gate) == 32
    assert counters("ab", "c", None)[1].key != counters("a", "bc", None)[1].key
