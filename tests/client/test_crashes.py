"""A program is killed while it renews: whenever that is, the session goes on with whoever comes next."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evergrant.client import FileVault, TokenSet
from tests.client.programs import Order, Program, programs
from tests.client.signing_in import Away
from tests.interop.at_expiry import refreshes
from tests.support.waiting import until

EXPIRED = 900_000  # ms


@pytest.fixture(scope="module")
def victims() -> Iterator[Iterator[Program]]:
    """Started ahead of time, for each of the tests to take one."""
    with programs(5) as started:
        yield iter(started)


@pytest.fixture
def victim(victims: Iterator[Program]) -> Program:
    return next(victims)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def expire(away: Away, path: Path) -> TokenSet:
    """Somebody signed in, and the access token has expired since."""
    tokens = away.sign_in().tokens
    away.client.session(FileVault(path), "ada").keep(tokens)
    away.clock.advance(EXPIRED)
    return tokens


def access_token_in(path: Path) -> object:
    """The access token of the only session there."""
    (record,) = json.loads(path.read_text())["sessions"].values()
    return record["access_token"]


def assert_it_goes_on(away: Away, path: Path, renewed: TokenSet, before: Counter[str]) -> None:
    """The server gave the same successor again to whoever asked with the old token, and that one is the newest."""
    lost, came = (json.loads(answer)["refresh_token"] for answer in away.between.answered[-2:])
    assert renewed.refresh_token is not None
    assert lost == came == renewed.refresh_token.reveal()
    assert away.process().session(FileVault(path), "ada").renew().revision == 3
    assert refreshes(away.server) - before == Counter(renew=2, redeliver=1)


def test_killed_before_it_asks_the_issuer(web: Away, victim: Program, path: Path) -> None:
    before = refreshes(web.server)
    expire(web, path)
    victim.begin_and_stop(Order(web.client, path, web.clock()), "loading")
    victim.kill()

    renewed = web.process().session(FileVault(path), "ada").tokens()

    assert renewed.revision == 2
    assert refreshes(web.server) - before == Counter(renew=1)


def test_killed_while_the_answer_is_on_its_way(web: Away, victim: Program, path: Path) -> None:
    before = refreshes(web.server)
    expire(web, path)
    web.between.then("hold")
    victim.begin(Order(web.client, path, web.clock()))
    until(lambda: web.between.answered[1:], what="the server has answered")
    victim.kill()

    renewed = web.process().session(FileVault(path), "ada").tokens()

    assert_it_goes_on(web, path, renewed, before)


def test_killed_between_the_answer_and_its_saving(web: Away, victim: Program, path: Path) -> None:
    before = refreshes(web.server)
    first = expire(web, path)
    victim.begin_and_stop(Order(web.client, path, web.clock()), "saving")
    victim.kill()
    assert access_token_in(path) == first.access_token.reveal(), "nothing was saved"

    renewed = web.process().session(FileVault(path), "ada").tokens()

    assert_it_goes_on(web, path, renewed, before)


def test_killed_before_it_used_what_it_had_saved(web: Away, victim: Program, path: Path) -> None:
    before = refreshes(web.server)
    expire(web, path)
    victim.begin_and_stop(Order(web.client, path, web.clock()), "saved")
    victim.kill()

    renewed = web.process().session(FileVault(path), "ada").tokens()

    assert (renewed.revision, renewed.access_token.reveal()) == (2, access_token_in(path))
    assert refreshes(web.server) - before == Counter(renew=1)


def test_killed_while_others_wait_for_it(web: Away, victim: Program, path: Path) -> None:
    """They have the lock at once: the system takes it back from the dead."""
    before = refreshes(web.server)
    expire(web, path)
    victim.begin_and_stop(Order(web.client, path, web.clock()), "saving")
    sessions = [web.process().session(FileVault(path), "ada") for _ in range(4)]

    with ThreadPoolExecutor(len(sessions)) as pool:
        waiting = [pool.submit(session.tokens) for session in sessions]
        until(lambda: all(each.running() for each in waiting), what="all of them ask")
        victim.kill()
        came = [each.result(20) for each in waiting]

    assert len({each.access_token for each in came}) == 1
    assert_it_goes_on(web, path, came[0], before)
