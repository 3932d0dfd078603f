"""Writes histories by hand, for the tests of the checker: what was asked when, and what was told."""

from dataclasses import dataclass, field

from tests.torture.ledger import FOREVER, Asked, Kind, Micros, Opened, Operation, Told

SECOND = 1_000_000
WINDOW = 60 * SECOND
START = 100 * SECOND


@dataclass(slots=True)
class Story:
    """One grant's. Times are seconds since it was opened; without any, each request follows the one before."""

    generation: int = 1
    window: int = WINDOW
    history: list[Operation] = field(default_factory=list)

    @property
    def opened(self) -> Opened:
        """As the ledger has it."""
        return Opened("g", self.generation, self.window, Micros(START))

    def refresh(
        self,
        shown: int,
        told: int | str | None,
        at: float | None = None,
        *,
        by: str = "owner",
        lasts: float | None = 0.1,
    ) -> "Story":
        """`told`: the generation that came, an error, or None: nobody knows. `lasts` None: it was never over."""
        answer: Told | None = None
        if isinstance(told, int):
            answer = Told(200, generation=told, digest=f"text of {told}")
        elif told is not None:
            answer = Told(503 if told == "temporarily_unavailable" else 400, told)
        else:
            lasts = None
        return self._add(Asked("g", Kind.REFRESH, shown, by == "stranger", by == "too wide"), answer, at, lasts)

    def exchange(self, told: str | None = None, at: float | None = None, *, lost: bool = False) -> "Story":
        """The code, which brings generation 1 unless an error is told."""
        answer = Told(200, generation=1, digest="text of 1") if told is None else Told(400, told)
        return self._add(Asked("g", Kind.EXCHANGE, 0), None if lost else answer, at, None if lost else 0.1)

    def revoke(self, shown: int, at: float | None = None, *, by: str = "owner", lasts: float | None = 0.1) -> "Story":
        """`lasts` None: nobody knows whether it was done."""
        asked = Asked("g", Kind.REVOKE, shown, by == "stranger")
        return self._add(asked, None if lasts is None else Told(200), at, lasts)

    def introspect(self, shown: int, *, active: bool, by: str = "owner") -> "Story":
        """What it said."""
        return self._add(Asked("g", Kind.INTROSPECT, shown, by == "stranger"), Told(200, active=active), None, 0.1)

    def fail_over(self) -> "Story":
        """The newest of what was answered may be lost."""
        return self._add(Asked("g", Kind.FORGET, 0), Told(200), None, 0.1)

    def look(self, generation: int, *, active: bool = True) -> "Story":
        """The row at the end."""
        return self._add(Asked("g", Kind.LOOK, generation), Told(200, generation=generation, active=active), None, 0.1)

    def _add(self, asked: Asked, told: Told | None, at: float | None, lasts: float | None) -> "Story":
        if at is None:
            at = max(((one.begin - START) / SECOND + 1 for one in self.history), default=1.0)
        begin = Micros(START + round(at * SECOND))
        end = FOREVER if lasts is None else Micros(begin + round(lasts * SECOND))
        self.history.append(Operation(len(self.history), asked, begin, end, told, earliest=begin, latest=end))
        return self
