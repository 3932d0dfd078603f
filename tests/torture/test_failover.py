"""A standby takes over from a primary that died under load. R-002, and design "What a fail-over can and cannot do"."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import run
from tests.torture.failover.pair import Pair
from tests.torture.failover.plan import Plan
from tests.torture.failover.round import play

SMALL = Plan(5, "synchronous", workers=1, clients=12, sessions=32, before=200, unheard=100, afterwards=200)


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A primary that can be given a standby, twice."""
    folder = Path(tempfile.mkdtemp(prefix="pair-", dir=run.folder()))
    folder.chmod(0o755)
    with Pair.begun(folder) as pair:
        yield pair


def test_with_a_standby_that_is_waited_for_nothing_acknowledged_is_lost_and_without_one_renewals_heal(
    pair: Pair, tmp_path: Path
) -> None:
    """Two fail-overs, one after the other. In the second, tokens are ahead of the store, and are adopted."""
    folders = [tmp_path / name for name in ("synchronous", "asynchronous")]
    for folder in folders:
        folder.mkdir()

    waited = play(SMALL, pair, folders[0])
    lossy = play(replace(SMALL, replication="asynchronous"), pair, folders[1])

    assert waited.verdict.findings == [], folders[0]
    assert lossy.verdict.findings == [], folders[1]
    assert waited.figures.renewals > 100
    assert (waited.figures.lost, waited.figures.endings_lost, waited.figures.adopted) == (0, 0, 0)
    assert lossy.figures.lost > 10
    assert lossy.figures.adopted >= 1
    assert lossy.figures.replays > 0
