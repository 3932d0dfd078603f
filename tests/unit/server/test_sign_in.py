"""Sign-in by password on a real store: counted first, the same for everybody, told to nobody."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from argon2 import PasswordHasher

from evergrant.core.credential import MasterKeys
from evergrant.core.facts import Caller, EventKind
from evergrant.core.ports.ledger import Saved
from evergrant.core.ports.reader import EventFilter
from evergrant.core.reasons import Reason
from evergrant.core.throttle import Throttled
from evergrant.protocol.secret import Secret
from evergrant.server.engine.passwords import Passwords
from evergrant.server.engine.sign_in import SignIn
from evergrant.server.journal import Journal
from evergrant.server.known_browsers import LIFETIME, KnownBrowsers
from evergrant.server.metrics import Metrics
from evergrant.server.request_line import RequestLine
from evergrant.store.memory.store import MemoryRealm
from evergrant.testing.chance import Chance
from evergrant.testing.clock import ManualClock
from tests.unit.server.records import ADA, CALL, REALM, a_subject

RIGHT, WRONG = Secret("correct horse"), Secret("battery staple")
AT_HOME = replace(CALL, caller=Caller("browser", "192.0.2.0"))
ELSEWHERE = replace(CALL, caller=Caller("script", "198.51.100.0"))


class Silence:
    """A logger that nobody reads."""

    def info(self, event: str, /, **fields: object) -> None: ...

    def warning(self, event: str, /, **fields: object) -> None: ...

    def error(self, event: str, /, **fields: object) -> None: ...

    def answered(self, line: RequestLine, /) -> None: ...


@dataclass(frozen=True, slots=True)
class World:
    sign_in: SignIn
    passwords: Passwords
    store: MemoryRealm
    clock: ManualClock

    async def check(self, username: str, password: Secret, browser: str | None = None) -> object:
        return await self.sign_in.check(AT_HOME, username, password, browser)

    async def failures(self) -> list[tuple[str | None, str | None]]:
        events = await self.store.events(EventFilter(correlation_id=CALL.correlation_id), 1000)
        return [(event.subject, event.reason) for event in events if event.kind is EventKind.SIGN_IN_FAILED]


@pytest.fixture
def passwords(chance: Chance) -> Iterator[Passwords]:
    found = Passwords(chance)
    yield found
    found.close()


@pytest.fixture
async def world(
    realm_store: MemoryRealm, clock: ManualClock, chance: Chance, masters: MasterKeys, passwords: Passwords
) -> World:
    await realm_store.add_subject(a_subject(), await passwords.hash(RIGHT), events=())
    sign_in = SignIn(
        reader=realm_store,
        ledger=realm_store,
        passwords=passwords,
        known_browsers=KnownBrowsers(REALM, masters, chance),
        clock=clock,
        journal=Journal(Silence(), Metrics()),
    )
    return World(sign_in, passwords, realm_store, clock)


async def test_the_right_password_is_the_subject(world: World) -> None:
    assert await world.check("ada", RIGHT) == a_subject()
    assert await world.check("  ADA ", RIGHT) == a_subject()
    assert await world.failures() == []


async def test_a_wrong_password_and_an_unknown_name_are_the_same_answer_at_the_same_cost(world: World) -> None:
    """R-010: enumeration by text or time."""
    await world.check("ada", WRONG)
    before = world.passwords.verifications

    answers = [await world.check("ada", WRONG), await world.check("nobody", WRONG)]

    assert answers == [None, None]
    assert world.passwords.verifications == before + 2
    assert await world.failures() == [
        (None, Reason.UNKNOWN_SUBJECT),
        (ADA, Reason.WRONG_PASSWORD),
        (ADA, Reason.WRONG_PASSWORD),
    ]


async def test_a_disabled_user_is_refused_like_a_wrong_password(world: World) -> None:
    disabled = replace(a_subject(), disabled=True)
    saved = await world.store.save_subject(disabled, password_hash=None, end_sessions=True, revoke=None, events=())
    assert isinstance(saved, Saved)

    assert await world.check("ada", RIGHT) is None
    assert await world.failures() == [(ADA, Reason.SUBJECT_DISABLED)]


@pytest.mark.parametrize("username", ["ada", "nobody"])
async def test_a_hundred_guesses_at_once_are_five(world: World, username: str) -> None:
    """R-010; the same for users that do not exist."""
    before = world.passwords.verifications

    answers = await asyncio.gather(*(world.check(username, WRONG) for _ in range(100)))

    assert world.passwords.verifications == before + 5
    assert len([answer for answer in answers if isinstance(answer, Throttled)]) == 95
    assert await world.check(username, RIGHT) == Throttled(2)
    assert len(await world.failures()) == 5


async def test_the_right_password_works_again_after_the_wait_that_was_named(world: World) -> None:
    for _ in range(5):
        await world.check("ada", WRONG)
    held = await world.check("ada", RIGHT)
    assert isinstance(held, Throttled)

    world.clock.advance(held.retry_after_s * 1000)

    assert await world.check("ada", RIGHT) == a_subject()


async def test_right_passwords_are_not_held_against_anybody(world: World) -> None:
    for _ in range(60):
        assert await world.check("ada", RIGHT) == a_subject()


async def test_a_known_browser_is_not_held_up_by_strangers(world: World) -> None:
    cookie = world.sign_in.remember(ADA)
    for _ in range(10):
        await world.check("ada", WRONG)
        await world.sign_in.check(ELSEWHERE, "ada", WRONG, None)

    assert isinstance(await world.check("ada", RIGHT), Throttled)
    assert await world.check("ada", RIGHT, cookie) == a_subject()


async def test_a_browser_is_known_for_one_subject_and_a_year(masters: MasterKeys, clock: ManualClock) -> None:
    browsers = KnownBrowsers(REALM, masters, Chance())
    cookie = browsers.make(ADA, clock())

    assert browsers.find(cookie, ADA, clock()) is not None
    assert browsers.find(cookie, a_subject("u_bob").id, clock()) is None
    assert browsers.find(cookie, None, clock()) is None
    assert browsers.find(cookie[:-2] + "AA", ADA, clock()) is None
    for garbage in ("", "A", "é", "=" * 300, "A" * 76):
        assert browsers.find(garbage, ADA, clock()) is None
    assert ADA not in cookie
    clock.advance(LIFETIME)
    assert browsers.find(cookie, ADA, clock()) is None


async def test_an_old_hash_is_replaced_at_the_next_sign_in(world: World) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(RIGHT.reveal())
    bob = a_subject("u_bob", "bob")
    await world.store.add_subject(bob, old, events=())

    assert await world.check("bob", RIGHT) == bob

    login = await world.store.login("bob")
    assert login is not None
    assert (login.password_hash or "").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await world.check("bob", RIGHT) == bob


async def test_nobody_signs_in_without_a_password(world: World) -> None:
    await world.store.add_subject(a_subject("u_bob", "bob"), None, events=())

    assert await world.check("bob", Secret("")) is None


async def test_the_typed_name_is_in_no_event(world: World) -> None:
    """People type passwords into the wrong field."""
    await world.check("my secret password", WRONG)

    events = await world.store.events(EventFilter(correlation_id=CALL.correlation_id), 10)
    assert "my secret password" not in repr(events)
