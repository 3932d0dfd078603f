"""Everybody needs a new token at the same moment: one asks the issuer, and nobody who gives up takes it with him."""

import asyncio
import os
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evergrant.client import AsyncClient, FileVault, MemoryVault, TokenSet, Vault
from tests.client.signing_in import Away
from tests.support.waiting import until

EARLY = 880_000  # ms
EXPIRED = 900_000


def expire(away: Away, vault: Vault) -> None:
    """Somebody signed in, and the access token has expired since."""
    away.client.session(vault, "ada").keep(away.sign_in().tokens)
    away.clock.advance(EXPIRED)


async def held_up(away: Away) -> None:
    """Until the request has come to the middleman."""
    await asyncio.to_thread(until, lambda: away.between.refreshes, what="the refresh has come")


async def test_fifty_tasks_cause_one_request(web: Away) -> None:
    vault = MemoryVault()
    expire(web, vault)
    session = AsyncClient(web.client).session(vault, "ada")

    tokens = await asyncio.gather(*(session.access_token() for _ in range(50)))

    assert len(set(tokens)) == 1
    assert web.between.refreshes == 1


def test_sixteen_threads_cause_one_request(web: Away) -> None:
    vault = MemoryVault()
    expire(web, vault)
    together = threading.Barrier(16)

    def ask(_: int) -> TokenSet:
        together.wait(10)
        return web.client.session(vault, "ada").tokens()

    with ThreadPoolExecutor(16) as pool:
        tokens = list(pool.map(ask, range(16)))

    assert len({each.access_token for each in tokens}) == 1
    assert web.between.refreshes == 1


def test_clients_that_share_nothing_but_the_vault_cause_one_request(web: Away, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    expire(web, FileVault(path))
    clients = [web.process() for _ in range(8)]
    together = threading.Barrier(8)

    def ask(number: int) -> TokenSet:
        together.wait(10)
        return clients[number].session(FileVault(path), "ada").tokens()

    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(ask, range(8)))

    assert len({each.access_token for each in tokens}) == 1
    assert web.between.refreshes == 1


async def test_the_one_who_asked_first_may_be_cancelled(web: Away) -> None:
    """The renewal goes on for the others, and its answer is saved."""
    vault = MemoryVault()
    expire(web, vault)
    session = AsyncClient(web.client).session(vault, "ada")
    web.between.then("hold")
    first = asyncio.create_task(session.tokens())
    await held_up(web)
    second = asyncio.create_task(session.tokens())
    await asyncio.sleep(0)

    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    web.between.let_go()

    assert (await second).revision == 2
    assert web.between.refreshes == 1


async def test_everybody_may_be_cancelled_and_the_answer_is_saved(web: Away) -> None:
    vault = MemoryVault()
    expire(web, vault)
    session = AsyncClient(web.client).session(vault, "ada")
    web.between.then("hold")
    asking = [asyncio.create_task(session.tokens()) for _ in range(5)]
    await held_up(web)

    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    web.between.let_go()

    assert (await session.tokens()).revision == 2
    assert web.between.refreshes == 1


def test_an_event_loop_that_ends_loses_no_answer(web: Away) -> None:
    vault = MemoryVault()
    expire(web, vault)
    session = AsyncClient(web.client).session(vault, "ada")
    web.between.then("hold")

    async def give_up() -> None:
        asking = asyncio.create_task(session.tokens())
        await held_up(web)
        asking.cancel()

    asyncio.run(give_up())
    web.between.let_go()

    assert asyncio.run(session.tokens()).revision == 2
    assert web.between.refreshes == 1


def test_two_event_loops_share_one_renewal(web: Away) -> None:
    vault = MemoryVault()
    expire(web, vault)
    session = AsyncClient(web.client).session(vault, "ada")
    together = threading.Barrier(2)

    async def ask() -> TokenSet:
        return await session.tokens()

    def run(_: int) -> TokenSet:
        together.wait(10)
        return asyncio.run(ask())

    with ThreadPoolExecutor(2) as pool:
        tokens = list(pool.map(run, range(2)))

    assert tokens[0] == tokens[1]
    assert web.between.refreshes == 1


async def test_while_it_is_renewed_behind_their_backs_nobody_waits(web: Away) -> None:
    vault = MemoryVault()
    session = AsyncClient(web.client).session(vault, "ada")
    old = web.sign_in().tokens
    await session.keep(old)
    web.clock.advance(EARLY)
    web.between.then("hold")

    tokens = await asyncio.gather(*(session.access_token() for _ in range(50)))
    web.between.let_go()
    await asyncio.to_thread(until, lambda: web.between.answered[1:], what="the refresh is answered")

    assert set(tokens) == {old.access_token}
    assert web.between.refreshes == 1


def test_a_forked_child_renews_although_its_parent_was_renewing(web: Away, tmp_path: Path) -> None:
    """It has neither the thread that renews in its parent, nor whoever held the locks there."""
    vault = FileVault(tmp_path / "tokens.json")
    expire(web, vault)
    session = web.client.session(vault, "ada")
    web.between.then("hold")
    parents = threading.Thread(target=session.tokens)
    parents.start()
    until(lambda: web.between.refreshes, what="the refresh has come")

    with warnings.catch_warnings():
        # Newer Pythons warn of a fork beside threads: it is what this is about.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        # Nothing of the test's own may run in the child but this.
        os._exit(7 if session.tokens().revision == 2 else 1)
    web.between.let_go()
    _, status = os.waitpid(child, 0)
    parents.join(20)

    assert os.waitstatus_to_exitcode(status) == 7
    assert web.between.refreshes == 1
