"""The readers of strangers' text hold what is promised of them: on the whole corpus, and on what chance makes of it.

The long form follows their branches: `make fuzz`.
"""

import pytest

from tests.torture.hostile.corpus import FOLDER, inputs, mutated
from tests.torture.hostile.properties import PROPERTIES

SEED = 20_261
INPUTS = 400


@pytest.mark.parametrize("name", sorted(PROPERTIES))
def test_a_reader_keeps_its_promise(name: str) -> None:
    """S-012, R-009, R-013, R-023, R-024, R-030: never another exception than its own, and nothing read in two ways."""
    for octets in (*inputs(name), *mutated(name, INPUTS, SEED)):
        try:
            PROPERTIES[name](octets)
        except Exception as broken:
            raise AssertionError(f"{name}: {octets!r} (seed {SEED})") from broken


def test_every_reader_has_a_corpus_and_every_corpus_a_reader() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PROPERTIES)
