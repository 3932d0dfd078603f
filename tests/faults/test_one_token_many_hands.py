"""One refresh token, sixteen hands at once, a thousand times: one successor, no refusal, no 5xx."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from evergrant.core.facts import EventKind
from evergrant.protocol.secret import Secret
from tests.faults.processes import Answer, processes
from tests.replies import Reply
from tests.world import World

ROUNDS = 1_000
HANDS = 16


async def test_sixteen_threads_get_the_same_successor_from_sqlite(sqlite_world: World) -> None:
    """R-002, R-011"""
    world, loop = sqlite_world, asyncio.get_running_loop()
    world.is_watching = False
    token = (await world.sign_in("a b")).refresh_token
    together = Barrier(HANDS)

    def hand(shown: Secret) -> Reply:
        together.wait(60)
        return asyncio.run_coroutine_threadsafe(world.refresh(shown), loop).result(60)

    with ThreadPoolExecutor(HANDS) as threads:
        for _ in range(ROUNDS):
            replies = await asyncio.gather(*(loop.run_in_executor(threads, hand, token) for _ in range(HANDS)))
            token = the_one_successor([as_answer(reply) for reply in replies])

    await nobody_was_taken_for_a_thief(world, token)


async def test_four_processes_get_the_same_successor_from_postgresql(
    postgresql_world: World, shared_postgresql_url: str
) -> None:
    """R-002, R-011"""
    world = postgresql_world
    token = (await world.sign_in("a b")).refresh_token

    with processes(4, "tests.faults.node", shared_postgresql_url, world.realm.name) as nodes:
        for _ in range(ROUNDS):
            for node in nodes:
                node.tell({"do": "refresh", "token": token.reveal(), "times": HANDS // len(nodes)})
            token = the_one_successor([answer for node in nodes for answer in node.hear()])

    await nobody_was_taken_for_a_thief(world, token)


async def test_a_command_line_that_writes_beside_the_server_loses_nothing(
    sqlite_world: World, shared_sqlite_url: str
) -> None:
    """SQLite has one writer at a time: the other one waits, and neither is refused."""
    world, changes = sqlite_world, 50
    token = (await world.sign_in("a b")).refresh_token
    world.is_watching = False

    with processes(1, "tests.faults.node", shared_sqlite_url, world.realm.name) as (operator,):
        for number in range(changes):
            operator.tell({"do": "set_roles", "role": f"role{number}", "times": 1})
            replies = await asyncio.gather(*(world.refresh(token) for _ in range(4)))
            token = the_one_successor([as_answer(reply) for reply in replies], hands=4)
        for _ in range(changes):
            operator.hear()

    assert len([e for e in await world.events(EventKind.SUBJECT_CHANGED) if e.detail["change"] == "roles"]) == changes
    assert (await world.operator.subjects.show("ben")).roles == (f"role{changes - 1}",)
    assert (await world.grant(token)).generation == changes + 1


def as_answer(reply: Reply) -> Answer:
    return {"refresh_token": None if reply.tokens is None else reply.refresh_token.reveal(), "error": reply.error}


def the_one_successor(answers: list[Answer], hands: int = HANDS) -> Secret:
    """The refresh token that all of them were given."""
    assert [answer["error"] for answer in answers] == [None] * hands
    successors = {answer["refresh_token"] for answer in answers}
    assert len(successors) == 1
    return Secret(successors.pop())


async def nobody_was_taken_for_a_thief(world: World, token: Secret) -> None:
    """One generation a round, and not one alarm."""
    grant = await world.grant(token)
    assert (grant.generation, grant.retries) == (ROUNDS + 1, 0)
    assert world.generation(token) == ROUNDS + 1
    assert len(await world.events(EventKind.GRANT_REUSED, EventKind.STORE_BEHIND, EventKind.REFRESH_REFUSED)) == 0
