"""The database fails at each statement in turn: the answer is 503, nothing was done, and the retry goes well. R-012"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from evergrant.core.facts import GrantState
from evergrant.core.ports.reader import StoreUnavailable
from evergrant.core.reasons import Reason
from evergrant.store.schema import metadata
from evergrant.store.sql.hot.shapes import COMMITTED
from evergrant.store.sql.store import SqlStore
from tests.replies import Reply
from tests.support.statements import hearing
from tests.world import DAY, WINDOW, World

MOST_STATEMENTS = 40
UNAVAILABLE = ("temporarily_unavailable", Reason.STORE_DOWN)


class DiskFull(Exception):
    """What a driver would raise."""


@contextmanager
def failing_at(store: SqlStore, number: int) -> Iterator[Callable[[], bool]]:
    """Fail statement `number` (COMMIT is one too). What is yielded tells whether it came to that."""
    left = [number]

    def fail() -> None:
        left[0] -= 1
        if left[0] == -1:
            raise OperationalError("statement", {}, DiskFull())

    def before_statement(statement: str) -> None:
        if statement != COMMITTED:
            fail()

    def before_commit(_c: Connection) -> None:
        fail()

    engines = dict.fromkeys(store.engines())
    for engine in engines:
        event.listen(engine, "commit", before_commit)
    with hearing(store, before_statement):
        yield lambda: left[0] < 0
    for engine in engines:
        event.remove(engine, "commit", before_commit)


def everything(world: World) -> list[tuple[object, ...]]:
    """All rows of all tables."""
    with world.engines()[0].connect() as connection:
        return [tuple(row) for table in metadata.sorted_tables for row in connection.execute(table.select())]


async def refused_until_it_survives(world: World, work: Callable[[], Awaitable[Reply]]) -> Reply:
    """Fail the first statement, then the second, …; the reply of the first attempt that met no failure."""
    before = everything(world)
    for number in range(MOST_STATEMENTS):
        with failing_at(world.sql_store(), number) as failed:
            reply = await work()
        if not failed():
            assert number > 1, "nothing failed"
            return reply
        assert reply.refused == UNAVAILABLE, number
        assert everything(world) == before, number
    raise AssertionError("it never got through")


@pytest.fixture
def quiet(world: World) -> World:
    """The world asks nothing of its own between the statements of the work."""
    world.is_watching = False
    return world


async def test_a_renewal_that_fails_spends_nothing(quiet: World) -> None:
    tokens = await quiet.sign_in("a b")

    renewed = await refused_until_it_survives(quiet, lambda: quiet.refresh(tokens))

    assert quiet.generation(renewed) == 2


async def test_an_exchange_that_fails_leaves_the_code_as_it_was(quiet: World) -> None:
    code = await quiet.approve("a b")

    tokens = await refused_until_it_survives(quiet, lambda: quiet.exchange(code))

    assert (await quiet.refresh(tokens)).error is None


async def test_a_password_grant_that_fails_opens_nothing(quiet: World) -> None:
    """Attempts are counted before the password is looked at, and those that fail stay counted for a while."""
    opened = 0
    for number in range(MOST_STATEMENTS):
        quiet.advance(DAY)
        with failing_at(quiet.sql_store(), number) as failed:
            reply = await quiet.sign_in_by_password()
        opened = len(await quiet.grants())
        if not failed():
            assert reply.error is None
            break
        assert reply.refused == UNAVAILABLE, number
        assert opened == 0, number

    assert opened == 1


async def test_a_replay_whose_ending_fails_is_not_refused_as_if_it_had_ended(quiet: World) -> None:
    stolen = await quiet.sign_in("a b")
    current = await quiet.refresh(stolen)
    quiet.advance(WINDOW + 1)

    reply = await refused_until_it_survives(quiet, lambda: quiet.refresh(stolen))

    assert reply.reason is Reason.REUSED
    assert (await quiet.refresh(current)).reason is Reason.REVOKED


async def test_a_refusal_that_cannot_be_written_down_is_not_given(quiet: World) -> None:
    tokens = await quiet.sign_in("a b")

    reply = await refused_until_it_survives(quiet, lambda: quiet.refresh(tokens, "other"))

    assert reply.reason is Reason.OTHER_CLIENT


async def test_a_revocation_that_fails_says_so(quiet: World) -> None:
    tokens = await quiet.sign_in("a b")

    async def revoke() -> Reply:
        try:
            await quiet.revoke(tokens)
        except StoreUnavailable:
            return Reply(None, "temporarily_unavailable", 503, Reason.STORE_DOWN)
        return Reply()

    await refused_until_it_survives(quiet, revoke)

    assert (await quiet.grant(tokens)).state is GrantState.REVOKED
