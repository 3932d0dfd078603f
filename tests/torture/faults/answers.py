"""Answers that are lost: on the wire, and because nobody waits for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.torture.faults.rough_wire import SMOOTH, Roughness
from tests.torture.faults.scene import Scene

ROUGH: Final = Roughness(cut=0.2, twice=0.05, late=0.05)


@dataclass(frozen=True, slots=True)
class RoughWires:
    """A fifth of the answers is cut, a twentieth late, and a twentieth of the requests arrives twice."""

    name: str = "answers cut, requests twice"

    @contextmanager
    def lasting(self, scene: Scene) -> Iterator[None]:
        """On every wire that has a proxy."""
        with scene.ledger.spell(self.name):
            for wire in scene.rough_wires:
                wire.roughness = ROUGH
            scene.crowd.is_told("lost", 20)
            yield
            for wire in scene.rough_wires:
                wire.roughness = SMOOTH


@dataclass(frozen=True, slots=True)
class HangUps:
    """Clients hang up after half a second; under another fault that is before they are answered."""

    name: str = "clients hang up"

    @contextmanager
    def lasting(self, scene: Scene) -> Iterator[None]:
        """All of them."""
        with scene.ledger.spell(self.name):
            scene.crowd.impatient = True
            yield
            scene.crowd.impatient = False
