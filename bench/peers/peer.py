"""What the bench wants of a foreign authorization server: to be started, filled, counted and stopped."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Running:
    """A peer that answers now. It listens on the loopback interface only."""

    name: str
    url: str
    """Scheme, host and port."""
    token_path: str
    pids: tuple[int, ...]
    """Main processes of the server; their children count too."""
    store_pids: tuple[int, ...]
    """Main processes of its database, if that is a server of its own."""
    chains: Callable[[int], list[str]]
    """Make that many grants: one line each, "REFRESH_TOKEN rest-of-form"."""
    headers: Mapping[str, str]
    """What each request must carry besides its content type."""
    durable: str
    """What is on disk before the answer, in one phrase."""
    rows: Callable[[], int | None]
    """Rows in its token tables now; None where they cannot be counted."""
    stop: Callable[[], None]
    """End every process and take its files away."""


class Peer(Protocol):
    """A server that can be started."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    def start(self, folder: Path) -> Running:
        """Start it with its files in `folder`, an existing folder that any user may enter (PostgreSQL is not root).

        Returns when it answers. Raises RuntimeError with the end of its log if it does not.
        """
        ...
