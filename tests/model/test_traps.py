"""The traps that others fell into, by their numbers in our notes on hard cases.

1 reuse before client match, 3 forks, 6 sticky scope, 11 reaped tombstones, 16 replayed access tokens and 19 foreign
revocation are in test_lifecycle.py and test_endings.py, where they belong to a story; the others are here.
"""

import asyncio
from base64 import urlsafe_b64decode

import pytest
from sqlalchemy import select

from evergrant.core.credential import MasterKeys
from evergrant.core.facts import GrantState
from evergrant.core.reasons import Reason
from evergrant.protocol.secret import Secret
from evergrant.store.schema import metadata
from tests.founding import MASTER_KEYS
from tests.support.statements import statements
from tests.world import DAY, MINUTE, SECOND, WINDOW, World

OVER = ("invalid_grant", Reason.REVOKED)
REPLAYED = ("invalid_grant", Reason.REUSED)


async def test_2_replays_are_told_apart_by_the_millisecond(world: World) -> None:
    first = await world.sign_in()
    second = await world.refresh(first)
    world.advance(WINDOW)
    assert (await world.refresh(first)).refresh_token == second.refresh_token
    world.advance(1)

    assert (await world.refresh(first)).refused == REPLAYED


async def test_4_who_is_told_to_retry_is_not_punished_for_it(world: World) -> None:
    first = await world.sign_in()
    with world.gate.losing("renew"):
        assert (await world.refresh(first)).error == "temporarily_unavailable"
    with world.gate.failing("grant"):
        assert (await world.refresh(first)).error == "temporarily_unavailable"

    second = await world.refresh(first)

    assert (await world.refresh(second)).error is None


async def test_5_the_session_is_known_in_every_generation(world: World) -> None:
    tokens = await world.sign_in("a b")
    for _ in range(3):
        tokens = await world.refresh(tokens)
    await world.sign_out()

    assert (await world.refresh(tokens)).refused == OVER


async def test_7_the_database_holds_no_token_and_nothing_a_token_could_be_made_of(sql_world: World) -> None:
    """Invariant 7, S-041: neither texts nor the secrets in them, in any column of any table."""
    code = await sql_world.approve()
    tokens = [await sql_world.exchange(code)]
    for _ in range(3):
        tokens.append(await sql_world.refresh(tokens[-1]))
    await sql_world.refresh(tokens[0])
    await sql_world.revoke(tokens[-1].access_token)
    shown = [code, *(reply.refresh_token for reply in tokens), *(reply.access_token for reply in tokens)]

    stored = every_value(sql_world)

    assert len(stored) > 100
    for secret in shown:
        assert secret.reveal().encode() not in stored
        assert secret_of(secret) not in stored


def every_value(world: World) -> bytes:
    """All that all tables hold."""
    with world.engines()[0].connect() as connection:
        rows = [row for table in metadata.sorted_tables for row in connection.execute(select(table))]
    values = (value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)
    return b"\n".join(values)


def secret_of(token: Secret) -> bytes:
    """The family's or the code's secret inside a token of ours; of a JWT, its signature."""
    text = token.reveal()
    if text.startswith("eg_"):
        return urlsafe_b64decode(text[6:])[18:34]
    return text.rpartition(".")[2].encode()


async def test_9_a_user_may_have_many_grants_of_one_client(world: World) -> None:
    tokens = await asyncio.gather(*(world.sign_in() for _ in range(5)))

    renewed = await asyncio.gather(*(world.refresh(reply) for reply in tokens))

    assert {reply.error for reply in renewed} == {None}
    assert len(await world.grants()) == 5


@pytest.mark.parametrize("other_grants", [0, 20])
async def test_12_13_14_a_refresh_costs_the_same_however_long_the_history(sql_world: World, other_grants: int) -> None:
    """One question and one conditional write; nothing is walked, replayed or cleaned up on the way."""
    for _ in range(other_grants):
        await sql_world.sign_in()
    tokens = await sql_world.sign_in()
    for _ in range(10):
        tokens = await sql_world.refresh(tokens)

    with statements(sql_world.sql_store()) as seen:
        form = sql_world.form("web", {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token.reveal()})
        proven = await sql_world.issuer.clients.of(None, form)
        await sql_world.issuer.tokens.answer(sql_world.call(), proven, form)

    work = [text.split()[0] for text in seen if not text.startswith(("BEGIN", "COMMIT", "PRAGMA", "--"))]
    assert work == ["SELECT", "UPDATE"]


async def test_15_a_retry_after_31_seconds_is_a_retry(world: World) -> None:
    """The FAPI 2.0 conformance suite waits that long."""
    first = await world.sign_in()
    second = await world.refresh(first)
    world.advance(31 * SECOND)

    assert (await world.refresh(first)).refresh_token == second.refresh_token


async def test_17_a_retry_may_meet_another_process(world: World) -> None:
    """R-002: nothing about retries or replays is in memory."""
    first = await world.sign_in()
    second = await world.refresh(first)
    await world.restart()
    assert (await world.refresh(first)).refresh_token == second.refresh_token

    world.advance(WINDOW + 1)
    await world.restart()

    assert (await world.refresh(first)).refused == REPLAYED
    await world.restart()
    assert (await world.refresh(second)).refused == OVER


async def test_18_refreshes_go_on_while_the_reaper_works(world: World) -> None:
    for _ in range(20):
        await world.approve()
    tokens = [await world.sign_in() for _ in range(5)]
    world.advance(DAY)

    replies, _ = await asyncio.gather(asyncio.gather(*(world.refresh(reply) for reply in tokens)), world.reap())

    assert {reply.error for reply in replies} == {None}
    assert len(await world.grants()) == 5


THIRD = MasterKeys({**MASTER_KEYS, 3: b"3" * 32})
"""After a rotation: both old keys, and a new one."""


async def test_20_a_new_master_key_ends_no_session(world: World) -> None:
    first = await world.sign_in()
    spent = await world.refresh(first)
    await world.restart(THIRD)

    second = await world.refresh(spent)

    assert (await world.grant(second)).key_id == 3
    assert (await world.refresh(spent)).refresh_token == second.refresh_token
    assert await world.is_active(first.access_token)


ANNOUNCED = MasterKeys({**MASTER_KEYS, 3: b"3" * 32}, current=2)
"""Before a rotation: the new key is known and signs nothing yet."""


async def test_20_a_key_that_was_announced_first_is_accepted_by_every_node(world: World) -> None:
    await world.restart(ANNOUNCED)
    first = await world.sign_in()
    assert (await world.grant(first)).key_id == 2
    await world.restart(THIRD)
    second = await world.refresh(first)
    assert (await world.grant(second)).key_id == 3

    await world.restart(ANNOUNCED)  # a node that does not sign with the new key yet

    third = await world.refresh(second)
    assert (third.error, (await world.grant(third)).key_id) == (None, 2)
    await world.restart(THIRD)
    assert (await world.refresh(third)).error is None


async def test_20_a_node_without_the_new_key_sends_a_retry_to_another(world: World) -> None:
    first = await world.sign_in()
    await world.restart(THIRD)
    second = await world.refresh(first)
    await world.restart()

    assert (await world.refresh(first)).refused == ("temporarily_unavailable", Reason.NEWER_KEY)
    await world.restart(THIRD)
    assert (await world.refresh(first)).refresh_token == second.refresh_token


async def test_20_a_retired_key_dies_grant_by_grant(world: World) -> None:
    """A current generation under a key that the grant has left behind was made by somebody who stole that key."""
    tokens = await world.sign_in()
    forged_text = world.seal(tokens, generation=2, key_id=2)
    await world.restart(THIRD)
    renewed = await world.refresh(tokens)

    assert world.generation(renewed) == 2
    assert (await world.refresh(forged_text)).refused == ("invalid_grant", Reason.RETIRED_KEY)
    assert not await world.is_active(forged_text)
    assert (await world.refresh(renewed)).error is None
    assert (await world.grant(renewed)).state is GrantState.ACTIVE


async def test_a_grant_ahead_of_its_store_is_adopted_with_an_alarm(world: World) -> None:
    """Row 8: a fail-over lost a renewal."""
    tokens = await world.sign_in()
    ahead = world.seal(tokens, generation=3, key_id=2)

    adopted = await world.refresh(ahead)

    assert world.generation(adopted) == 4
    assert world.last_event is not None
    assert world.last_event.kind == "store_behind"
    assert (await world.refresh(ahead)).refresh_token == adopted.refresh_token
    world.advance(MINUTE)
    assert (await world.refresh(tokens)).refused == REPLAYED
