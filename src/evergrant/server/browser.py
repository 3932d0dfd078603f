"""What a browser brought along: its cookies, read once."""

import hashlib
from dataclasses import dataclass
from typing import Final

from evergrant.protocol.secret import Secret

ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Browser:
    """`id`: which browser this is, from its first visit on. `known`: in whom it has signed in before.

    Each is None when its cookie is missing or came twice: of two, one was planted (Q-16).
    """

    id: Secret | None = None
    session: Secret | None = None
    known: str | None = None

    @property
    def binding(self) -> bytes | None:
        """A digest that ties a form to this browser."""
        return None if self.id is None else hashlib.sha256(b"evergrant browser" + self.id.reveal().encode()).digest()
