"""A clock that several real programs follow, and that a test moves: libfaketime answers them in place of the system."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_LIBRARIES = "/usr/lib/*/faketime/libfaketimeMT.so.1"


@dataclass(frozen=True, slots=True)
class SharedClock:
    """Programs started with `environment` see this machine's time, and what `advance` has added to it."""

    offset: Path

    @classmethod
    def make(cls, folder: Path) -> "SharedClock":
        """At the time of this machine."""
        folder.mkdir(exist_ok=True)
        clock = cls(folder / "clock")
        clock.advance(0)
        return clock

    def advance(self, seconds: int) -> None:
        """So many seconds from the time of this machine on, or back, for everybody at once."""
        # Whole or not at all: it is read at every look at the clock.
        with tempfile.NamedTemporaryFile("w", dir=self.offset.parent, delete=False) as draft:
            draft.write(f"{seconds:+d}\n")
        Path(draft.name).replace(self.offset)

    @property
    def seconds(self) -> int:
        """How far it is ahead of this machine's."""
        return int(self.offset.read_text())

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes a program follow this clock. How long things take is left as it is: only the date moves."""
        found = sorted(Path("/").glob(_LIBRARIES.removeprefix("/")))
        if not found:
            raise RuntimeError("These tests need libfaketime: run `make machine`.")
        return {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self.offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
