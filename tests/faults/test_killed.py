"""kill -9 between any two statements: the row is old or new afterwards, and the retry converges. R-002"""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from evergrant.core.facts import EventKind, Grant, GrantState
from evergrant.core.reasons import Reason
from evergrant.protocol.secret import Secret
from tests.faults.processes import Process, processes
from tests.world import WINDOW, World

MOST_MOMENTS = 40


@pytest.fixture
def nursery(url: str, world: World) -> Iterator[Process]:
    """Bears the processes that die."""
    with processes(1, "tests.faults.nursery", url, world.realm.name) as (only,):
        yield only


async def deaths(
    nursery: Process, work: str, fresh: Callable[[], Awaitable[Secret]]
) -> AsyncIterator[tuple[Secret, bool]]:
    """Let the work be done again and again on something fresh, each time killed one moment later, until it survives."""
    for moment in range(MOST_MOMENTS):
        token = await fresh()
        (ended,) = nursery.ask({"do": work, "token": token.reveal(), "at": moment})
        assert ended in (0, -signal.SIGKILL)
        yield token, ended == 0
        if ended == 0:
            assert moment > 1, "nothing was killed"
            return
    raise AssertionError(f"the work needs more than {MOST_MOMENTS} touches of the database")


async def test_a_renewal_is_done_or_not(world: World, nursery: Process) -> None:
    async def fresh() -> Secret:
        return (await world.sign_in("a b")).refresh_token

    outcomes = set()
    async for token, _ in deaths(nursery, "refresh", fresh):
        grant = await world.grant(token)
        assert grant.generation in (1, 2)
        outcomes.add(grant.generation)

        successor = await world.refresh(token)

        assert world.generation(successor) == 2
        assert (await world.refresh(token)).refresh_token == successor.refresh_token
        assert world.generation(await world.refresh(successor)) == 3
    assert outcomes == {1, 2}


async def test_an_exchange_is_done_with_its_event_or_not_at_all(world: World, nursery: Process) -> None:
    async def fresh() -> Secret:
        return await world.approve("a b")

    seen, outcomes = len(await world.events(EventKind.GRANT_EXCHANGED)), set()
    async for code, _ in deaths(nursery, "exchange", fresh):
        grant: Grant = (await world.grants())[0]
        done = grant.state is GrantState.ACTIVE
        assert grant.generation == (1 if done else 0)
        assert len(await world.events(EventKind.GRANT_EXCHANGED)) == seen + done
        outcomes.add(done)

        reply = await world.exchange(code)

        # A code is never redelivered: a lost answer costs a new sign-in.
        assert reply.reason == (Reason.REUSED if done else None)
        seen = len(await world.events(EventKind.GRANT_EXCHANGED))
        world.advance(1)
    assert outcomes == {True, False}


@pytest.mark.parametrize("work", ["revoke", "refresh"], ids=["by its client", "as reused"])
async def test_an_ending_is_done_with_its_event_or_not_at_all(world: World, nursery: Process, work: str) -> None:
    kind = EventKind.GRANT_REVOKED if work == "revoke" else EventKind.GRANT_REUSED

    async def fresh() -> Secret:
        stolen = await world.sign_in("a b")
        await world.refresh(await world.refresh(await world.refresh(stolen)))
        return stolen.refresh_token

    seen, outcomes = 0, set()
    async for stolen, _ in deaths(nursery, work, fresh):
        done = (await world.grant(stolen)).state is GrantState.REVOKED
        assert len(await world.events(kind)) == seen + done
        outcomes.add(done)

        reply = await world.refresh(stolen)

        assert reply.reason == (Reason.REVOKED if done else Reason.REUSED)
        seen = len(await world.events(kind))
    assert outcomes == {True, False}


async def test_an_acknowledged_ending_outlives_the_process(world: World, nursery: Process) -> None:
    tokens = await world.sign_in("a b")
    assert nursery.ask({"do": "revoke", "token": tokens.refresh_token.reveal(), "at": 1_000}) == [0]
    world.advance(WINDOW)

    assert (await world.refresh(tokens)).reason is Reason.REVOKED
