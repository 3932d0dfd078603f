"""kill -9 between two touches of the database: the work is done or not afterwards, and asking again leads on. R-002"""

from collections.abc import Iterator

import pytest

from evergrant.core.reasons import Reason
from tests.faults.processes import Process, processes
from tests.torture.crash_points import deaths
from tests.torture.works import WORKS, Work
from tests.world import WINDOW, World


@pytest.fixture(scope="module")
def nursery() -> Iterator[Process]:
    """Bears the processes that die."""
    with processes(1, "tests.faults.nursery") as (only,):
        yield only


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
async def test_work_that_is_cut_off_is_done_whole_or_not_at_all(
    url: str, world: World, nursery: Process, work: Work
) -> None:
    """With its event, and with what else belongs to it. There are moments of both kinds, and no going back."""
    found = [death async for death in deaths(nursery, url, world, work)]

    done = [death.done for death in found]
    assert done == sorted(done), found
    assert set(done) == {True, False}, found
    assert [death.moment for death in found if death.before is None] == [len(found) - 1]


async def test_an_acknowledged_ending_outlives_the_process(url: str, world: World, nursery: Process) -> None:
    tokens = await world.sign_in("a b")
    order = {"do": "revoke", "token": tokens.refresh_token.reveal(), "at": 1_000, "url": url, "realm": world.realm.name}
    assert [end["ended"] for end in nursery.ask(order)] == [0]
    world.advance(WINDOW)

    assert (await world.refresh(tokens)).reason is Reason.REVOKED
