"""Clocks that step, and servers whose clocks differ."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.support.server import Server
from tests.support.waiting import until
from tests.torture.faults.scene import Scene

STEPS_S: Final = (-300, -61, -4, 4, 61, 300)
ANSWERS: Final = 40
MOST_APART_S: Final = 5
"""So far apart may a server's clock and its database's be, for it to be ready."""


@dataclass(frozen=True, slots=True)
class ClocksApart:
    """Each server's clock steps forward or back by up to five minutes, and later back to the right time."""

    name: str = "clocks step and differ"

    @contextmanager
    def lasting(self, scene: Scene) -> Iterator[None]:
        """The dates that the servers see; how long something takes is left as it is."""
        with scene.ledger.spell(self.name):
            offsets = [scene.chance.choice(STEPS_S) for _ in scene.clocks]
            _move(scene, offsets)
            _told_to_balancers(scene, offsets)
            scene.crowd.is_told("200", ANSWERS)
            yield
            _move(scene, [0 for _ in scene.clocks])


def _told_to_balancers(scene: Scene, offsets: Sequence[int]) -> None:
    """A server whose clock is not its database's says that it is not ready. SQLite has no clock of its own."""
    if scene.postgres is None:
        return
    for server, seconds in zip(scene.servers, offsets, strict=True):
        wanted = 200 if abs(seconds) < MOST_APART_S else 503
        until(partial(_says, server, wanted), what=f"/readyz says {wanted}, {seconds} s apart", seconds=60)


def _says(server: Server, status: int) -> bool:
    return server.status_of("/readyz") == status


def _move(scene: Scene, offsets: Sequence[int]) -> None:
    before = [clock.seconds for clock in scene.clocks]
    scene.ledger.clock(_micros(min(*before, *offsets)), _micros(max(*before, *offsets)))
    for clock, seconds in zip(scene.clocks, offsets, strict=True):
        clock.advance(seconds)
    scene.ledger.clock(_micros(min(offsets)), _micros(max(offsets)))


def _micros(seconds: int) -> int:
    return seconds * 1_000_000
