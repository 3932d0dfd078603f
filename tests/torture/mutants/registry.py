"""All of them."""

from typing import Final

from tests.torture.mutants.answering import ANSWERING
from tests.torture.mutants.forgetting import FORGETTING
from tests.torture.mutants.judging import JUDGING
from tests.torture.mutants.mutant import Mutant
from tests.torture.mutants.storing import STORING

MUTANTS: Final[tuple[Mutant, ...]] = (*JUDGING, *STORING, *ANSWERING, *FORGETTING)
WHOLE: Final = "whole"
"""The name of the build that nothing was done to."""


def named(name: str) -> Mutant:
    """Raises LookupError."""
    for mutant in MUTANTS:
        if mutant.name == name:
            return mutant
    raise LookupError(f"There is no mutant {name!r}; there are {', '.join(mutant.name for mutant in MUTANTS)}.")


def become(name: str) -> None:
    """Break the product in this process as that mutant does; the whole one stays as it is."""
    if name != WHOLE:
        named(name).apply()
