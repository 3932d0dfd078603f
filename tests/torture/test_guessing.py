"""A storm of guesses at passwords: few are looked at, nobody is locked out, and sessions are renewed meanwhile."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.faults.stock import Stock
from tests.support.server import Server
from tests.torture.hostile.guessing import (
    BEHIND_A_PROXY,
    LOOKED_AT,
    Guess,
    Guesser,
    one_account_many_networks,
    one_account_one_network,
    spray_many_networks,
    spray_one_network,
)
from tests.torture.hostile.honest_load import renew

SEED = 20_261
HOME = "203.0.113.5"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that believes us when we say which network we are from."""
    server = Server(tmp_path_factory.mktemp("server") / "data", settings=BEHIND_A_PROXY)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def guesser(server: Server) -> Guesser:
    return Guesser(server, Random(SEED))


def the_person(guesser: Guesser) -> str:
    """What the user with the right password is told, at home."""
    demo = guesser.server.demo
    return guesser.ask(Guess(demo.username, demo.password, HOME))


def test_who_hammers_at_an_account_has_five_guesses_and_a_few(guesser: Guesser) -> None:
    """T-25, R-010: and the person signs in meanwhile."""
    told = guesser.guess(one_account_one_network, 100)

    assert 5 <= told[LOOKED_AT] <= 10
    assert set(told) == {LOOKED_AT, "429"}
    assert the_person(guesser) == "ok"


def test_many_networks_do_not_lock_the_person_out(guesser: Guesser) -> None:
    """T-25: behind the first fifty, each network has a guess an hour, and so has the person's."""
    told = guesser.guess(one_account_many_networks, 60)

    assert set(told) <= {LOOKED_AT, "429"}
    assert the_person(guesser) == "ok"


def test_one_password_at_everybody_is_slowed_down_by_network(guesser: Guesser) -> None:
    told = guesser.guess(spray_one_network, 100)

    assert told[LOOKED_AT] <= 30
    assert the_person(guesser) == "ok"


def test_sessions_are_renewed_while_passwords_are_hashed_without_pause(server: Server, guesser: Guesser) -> None:
    """S-047: a storm of sign-ins is nobody else's trouble."""
    stock = Stock.of(server)

    with guesser.storm(spray_many_networks) as told:
        honest = renew(server.port, stock.program, stock.tokens(4), seconds=1.5)

    assert told[LOOKED_AT] > 5
    assert set(told) <= {LOOKED_AT, "429"}
    assert set(honest.told) == {"200"}
    assert the_person(guesser) == "ok"
