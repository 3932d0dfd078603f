"""What a fault is: something that lasts as long as a block, and is undone when the block ends."""

from contextlib import AbstractContextManager
from typing import Protocol

from tests.torture.faults.scene import Scene


class Fault(Protocol):
    """Several may last at once. `lasting` waits until clients have felt it, and says in the ledger what may be told."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    def lasting(self, scene: Scene) -> AbstractContextManager[None]:
        """The fault, until the block ends. Whatever recovers by itself recovers afterwards."""
        ...
