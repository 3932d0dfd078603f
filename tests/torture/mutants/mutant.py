"""What is known of a broken build."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Database = Literal["sqlite", "postgresql"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """`broken`: what it does wrong, for people. `invariant`: which of verdict.INVARIANTS has to notice, I9 besides.

    `hunter`: who is sent after it, by name. `apply` breaks the product in this process, for good.
    """

    name: str
    broken: str
    invariant: str
    hunter: str
    apply: Callable[[], None]
    database: Database = "sqlite"
