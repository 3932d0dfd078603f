"""Refreshes that cross an ending: whoever asks after it was acknowledged gets nothing, and what overlapped is dead."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from evergrant.core.reasons import Reason
from evergrant.protocol.secret import Secret
from tests.faults.processes import processes
from tests.replies import Reply
from tests.world import World

ROUNDS = 12
HANDS = 6

ENDINGS: dict[str, Callable[[World, Reply, str], Awaitable[None]]] = {
    "revocation": lambda world, tokens, _user: world.revoke(tokens),
    "logout": lambda world, _tokens, user: world.sign_out(user),
    "disabling": lambda world, _tokens, user: world.disable_subject(user),
    "a new password": lambda world, _tokens, user: world.change_password(user),
    "deletion": lambda world, _tokens, user: world.delete_subject(user),
}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
async def test_nothing_is_answered_after_the_acknowledgement(
    world: World, end: Callable[[World, Reply, str], Awaitable[None]]
) -> None:
    """Invariant 2, R-002: hands that refresh without pause, and an ending right among them."""
    world.is_watching = False
    for number in range(ROUNDS):
        user = f"crossing{number}"
        await world.add_person(user)
        tokens = await world.sign_in("a b", user=user)
        under_way, over = asyncio.Event(), asyncio.Event()
        hands = [asyncio.create_task(refresh_on(world, tokens, under_way, over)) for _ in range(HANDS)]
        await under_way.wait()

        await end(world, tokens, user)
        over.set()

        overlapping = [reply for replies in await asyncio.gather(*hands) for reply in replies]
        assert overlapping
        for reply in (tokens, *overlapping):
            assert not await world.is_active(reply.access_token)
            assert (await world.refresh(reply)).error == "invalid_grant"


async def refresh_on(world: World, tokens: Reply, under_way: asyncio.Event, over: asyncio.Event) -> list[Reply]:
    """Refresh until refused; what was answered. Nothing may be answered to a request sent after it was over."""
    answered: list[Reply] = []
    while True:
        sent_after = over.is_set()
        reply = await world.refresh(tokens)
        if reply.error is not None:
            assert reply.status < 500 or not sent_after
            return answered
        assert not sent_after
        answered.append(reply)
        tokens = reply
        under_way.set()


async def test_an_ending_is_felt_by_every_process_at_once(postgresql_world: World, shared_postgresql_url: str) -> None:
    """Nothing about a grant is remembered by a server: the next request asks."""
    world = postgresql_world
    with processes(2, "tests.faults.node", shared_postgresql_url, world.realm.name) as nodes:
        for number in range(ROUNDS):
            tokens = await world.sign_in("a b")
            order = {"do": "refresh", "token": tokens.refresh_token.reveal(), "times": 4}
            for node in nodes:
                node.tell(order)
            if number % 2:
                await world.refresh(tokens)

            await world.revoke(tokens)

            after = [answer for node in nodes for answer in (node.hear(), node.ask(order))[1]]
            assert [answer["reason"] for answer in after] == [Reason.REVOKED] * 8


async def test_a_revocation_on_any_node_wins_against_eight_refreshes(
    postgresql_world: World, shared_postgresql_url: str
) -> None:
    world = postgresql_world
    with processes(2, "tests.faults.node", shared_postgresql_url, world.realm.name) as (refreshing, revoking):
        for _ in range(ROUNDS):
            tokens = await world.sign_in("a b")
            token = tokens.refresh_token.reveal()
            refreshing.tell({"do": "refresh", "token": token, "times": 8})
            revoking.ask({"do": "revoke", "token": token, "times": 1})

            answers = refreshing.hear()

            assert {answer["reason"] for answer in answers} <= {None, Reason.REVOKED}
            for text in {answer["refresh_token"] for answer in answers} - {None}:
                assert (await world.refresh(Secret(text))).reason is Reason.REVOKED
