"""What a fail-over may be like."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from evergrant.core.durability import Durability
from tests.torture.clients import Temper

Replication = Literal["synchronous", "local", "asynchronous"]
"""`synchronous`: every commit waits for the standby; `local`: every one but those of renewals; `asynchronous`: none."""

Cut = Literal["planned", "power", "partition"]
"""`planned`: the primary is stopped in order. `power`: it and all its processes are killed. `partition`: it is cut off
from its standby, which takes over while it still runs and is asked; it is killed only then."""

RENEWALS_WAIT: Final[Mapping[Replication, Durability]] = {
    "synchronous": "replicated",
    "local": "local",
    "asynchronous": "replicated",
}

CALM: Final = Temper(refresh=70, copies=8, too_wide=2, stranger=2, introspect=6, retry=8, replay=0, revoke=1, hang_up=3)
"""Most sessions live until the cut, so that there is something to lose."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One fail-over. With `unheard` renewals answered while the standby hears of nothing, loss is certain.

    `before` and `afterwards`: answers of any kind with 200 that are waited for. `workers`: processes of the server.
    """

    seed: int
    replication: Replication
    cut: Cut = "power"
    clients: int = 24
    sessions: int = 160
    before: int = 1500
    unheard: int = 400
    afterwards: int = 600
    workers: int = 2
    temper: Temper = field(default=CALM)

    @property
    def loses(self) -> bool:
        """Whether something acknowledged is lost: the standby is cut off first, and renewals do not wait for it."""
        return self.replication != "synchronous"

    @property
    def name(self) -> str:
        """For the reader."""
        return f"{self.replication}, {self.cut}"


PLANS: Final[tuple[tuple[Replication, Cut], ...]] = (
    ("synchronous", "power"),
    ("synchronous", "planned"),
    ("synchronous", "partition"),
    ("local", "power"),
    ("asynchronous", "power"),
)
"""No partition where renewals do not wait: two primaries would both acknowledge, until the old one is fenced."""
