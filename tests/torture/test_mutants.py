"""The harness notices what is broken: builds that are broken on purpose are caught, and the whole one never is."""

from collections.abc import Iterator
from io import StringIO

import pytest
from rich.console import Console
from sqlalchemy import column, table, update

from tests.support.postgres import PostgresServer
from tests.torture import mutants
from tests.torture.conservation import Finding
from tests.torture.mutants import patching
from tests.torture.mutants.builds import Nursery, nursery
from tests.torture.mutants.ground import Grounds
from tests.torture.mutants.hunters import HUNTERS
from tests.torture.mutants.hunting import Seen, hunt, hunts
from tests.torture.mutants.mutant import Database, Mutant
from tests.torture.mutants.registry import MUTANTS, WHOLE
from tests.torture.mutants.table import Bag, show
from tests.torture.verdict import INVARIANTS


@pytest.fixture(scope="module")
def bearing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Where builds come from."""
    with nursery(tmp_path_factory.mktemp("nursery")) as made:
        yield made


@pytest.fixture(scope="module")
def grounds(bearing: Nursery, tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Grounds:
    """Where they are hunted."""
    return Grounds(bearing, tmp_path_factory.mktemp("grounds"), postgres)


@pytest.mark.parametrize(("hunter", "database"), hunts())
def test_a_hunter_finds_nothing_wrong_with_the_whole_build(hunter: str, database: Database, grounds: Grounds) -> None:
    seen = hunt(grounds, hunter, WHOLE, database)

    assert seen.findings == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_harness_notices_what_is_broken(mutant: Mutant, grounds: Grounds) -> None:
    seen = hunt(grounds, mutant.hunter, mutant.name, mutant.database)

    assert mutant.invariant in seen.invariants, seen.findings


def test_a_mutant_that_nobody_noticed_is_a_finding_and_so_is_a_fault_of_the_whole_build() -> None:
    out = StringIO()
    innocent = Finding("I1", None, "a false alarm")
    bag = Bag([(MUTANTS[0], Seen([innocent], 3))], [("everyday", "sqlite", Seen([innocent], 4))])

    show(bag, Console(file=out, width=200))

    assert [finding.invariant for finding in bag.verdict().findings] == ["mutants", "I1"]
    assert bag.verdict().counted["operations"] == 7
    assert "MISSED (I1)" in out.getvalue()


def test_every_invariant_that_is_judged_has_a_mutant_and_every_hunter_a_prey() -> None:
    noticed, hunting = {mutant.invariant for mutant in MUTANTS}, {mutant.hunter for mutant in MUTANTS}

    assert noticed >= set(INVARIANTS)
    assert hunting == set(HUNTERS)


def test_a_build_that_cannot_be_broken_does_not_start(bearing: Nursery, grounds: Grounds) -> None:
    with pytest.raises(RuntimeError, match="There is no mutant"), grounds.ground("unheard-of", "sqlite"):
        raise AssertionError("it started")


def test_a_patch_that_finds_nothing_to_break_says_so() -> None:
    statement = update(table("grants", column("id"))).where(column("id") == 1)

    with pytest.raises(LookupError):
        patching.swap(mutants, "of_old", lambda before: before)
    with pytest.raises(LookupError):
        patching.rewritten("WHERE id = 1", ("AND generation = 2", ""))
    with pytest.raises(LookupError):
        patching.without(statement, "generation")
    with pytest.raises(LookupError):
        patching.default(hunt, "clock", lambda before: before)
