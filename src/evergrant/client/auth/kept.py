"""What the adapters need of a session, sync or async."""

from __future__ import annotations

from typing import Protocol

from evergrant.client.keeping import Keeping


class KeptSession(Protocol):
    """A Session or an AsyncSession."""

    @property
    def keeping(self) -> Keeping:
        """What both are made of."""
        ...
