"""Clocks that step, and servers whose clocks differ."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.torture.faults.scene import Scene

STEPS_S: Final = (-300, -61, -5, 5, 61, 300)
ANSWERS: Final = 40


@dataclass(frozen=True, slots=True)
class ClocksApart:
    """Each server's clock steps forward or back by up to five minutes, and later back to the right time."""

    name: str = "clocks step and differ"

    @contextmanager
    def lasting(self, scene: Scene) -> Iterator[None]:
        """The dates that the servers see; how long something takes is left as it is."""
        with scene.ledger.spell(self.name):
            _move(scene, [scene.chance.choice(STEPS_S) for _ in scene.clocks])
            scene.crowd.is_told("200", ANSWERS)
            yield
            _move(scene, [0 for _ in scene.clocks])


def _move(scene: Scene, offsets: Sequence[int]) -> None:
    before = [clock.seconds for clock in scene.clocks]
    scene.ledger.clock(_micros(min(*before, *offsets)), _micros(max(*before, *offsets)))
    for clock, seconds in zip(scene.clocks, offsets, strict=True):
        clock.advance(seconds)
    scene.ledger.clock(_micros(min(offsets)), _micros(max(offsets)))


def _micros(seconds: int) -> int:
    return seconds * 1_000_000
