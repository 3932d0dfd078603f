"""Processes that share a session and nothing else: whatever holds it, one of them asks the issuer for all of them."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from evergrant.client import FileVault, Vault
from evergrant.client.vaults.sql import SqlVault
from tests.client.programs import Order, Program, programs
from tests.client.signing_in import Away
from tests.interop.at_expiry import refreshes
from tests.support.waiting import until

EXPIRED = 900_000  # ms


@pytest.fixture(scope="module")
def eight() -> Iterator[list[Program]]:
    with programs(8) as started:
        yield started


@pytest.fixture(params=["file", "sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where the session is kept."""
    match request.param:
        case "file":
            return tmp_path / "tokens.json"
        case "sqlite":
            return f"sqlite:///{tmp_path / 'sessions.db'}"
        case _:
            url: str = request.getfixturevalue("postgres_url")
            return url


def vault_at(place: Path | str) -> Vault:
    return FileVault(place) if isinstance(place, Path) else SqlVault(place)


def test_at_expiry_eight_processes_ask_once_and_all_have_the_new_token(
    web: Away, eight: list[Program], place: Path | str
) -> None:
    """At the first expiry the answer is held until all of them ask; at the second they come as they come."""
    before = refreshes(web.server)
    web.client.session(vault_at(place), "ada").keep(web.sign_in().tokens)
    web.between.then("hold")

    came = []
    for _ in range(2):
        order = Order(web.client, place, web.clock.advance(EXPIRED))
        for program in eight:
            program.begin(order)
        until(lambda: web.between.answered[1:], what="the first refresh is answered")
        web.between.let_go()
        came += [program.end() for program in eight]

    assert [each["revision"] for each in came] == [2] * 8 + [3] * 8
    assert len({each["token"] for each in came}) == 2
    assert refreshes(web.server) - before == Counter(renew=2)


def test_eight_processes_renew_eight_sessions_in_one_file_and_none_undoes_anothers(
    web: Away, eight: list[Program], tmp_path: Path
) -> None:
    """Each writes the whole file."""
    vault = FileVault(tmp_path / "tokens.json")
    before = refreshes(web.server)
    names = [f"person {number}" for number in range(8)]
    for name in names:
        web.client.session(vault, name).keep(web.sign_in().tokens)
    web.clock.advance(EXPIRED)

    for program, name in zip(eight, names, strict=True):
        program.begin(Order(web.client, tmp_path / "tokens.json", web.clock(), name))
    came = [program.end() for program in eight]

    kept = [web.process().session(vault, name).tokens() for name in names]
    assert [(each.access_token.reveal(), each.revision) for each in kept] == [(c["token"], c["revision"]) for c in came]
    assert [each.revision for each in kept] == [2] * 8
    assert refreshes(web.server) - before == Counter(renew=8)
