"""What was asked and what was answered, written down by those who asked: the oracle that every fault is judged by.

An intent is written before the request is sent, and what came of it once it was read whole; an operation without the
second line is one whose outcome nobody knows. One JSON object a line, so that a ledger is evidence that anybody can
read. No token is in it: a successor is known by its generation and a digest.

Two clocks. `begin` and `end` are this machine's, in microseconds: they say what came before what. `earliest` and
`latest` enclose what the server's clock may have said meanwhile, which only retry windows depend on; they differ from
the first two while a fault moves a server's clock.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NewType

Micros = NewType("Micros", int)
FOREVER: Final = Micros(1 << 62)
"""The end of what never ended."""

NOBODY_THERE: Final = "nobody there"
"""How an answer was lost to a request that was never sent, because no connection could be made."""


class Kind(StrEnum):
    """What can be done to a grant from outside."""

    EXCHANGE = "exchange"
    REFRESH = "refresh"
    REVOKE = "revoke"
    INTROSPECT = "introspect"
    FORGET = "forget"  # a fail-over that may have lost the newest of what was answered
    LOOK = "look"  # the row itself, read when everything is over


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `generation`: of the token that was shown. `stranger`: shown by a client it does not belong to.

    `replay`: a spent token is shown on purpose, as a thief would. What is right does not depend on it.
    """

    grant: str
    kind: Kind
    generation: int
    stranger: bool = False
    too_wide: bool = False
    server: int = 0
    replay: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """One answer, read whole. `wrong`: what is odd about it whatever was asked, such as a 503 without Retry-After.

    `grown`: how what it grants differs from what was granted before.

    `generation` and `digest`: of the refresh token that came; of a row that was looked at, its generation. `active`: by
    introspection; of a row, whether it has not ended.
    """

    status: int
    error: str | None = None
    generation: int | None = None
    digest: str | None = None
    active: bool | None = None
    wrong: str | None = None
    grown: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """A request and what is known of its outcome. `number` is unique in a ledger."""

    number: int
    asked: Asked
    begin: Micros
    end: Micros = FOREVER
    told: Told | None = None
    lost: str | None = None  # how the answer was lost, for the reader
    earliest: Micros = Micros(0)
    latest: Micros = FOREVER

    @property
    def was_sent(self) -> bool:
        """Whether it may have reached anybody."""
        return self.lost != NOBODY_THERE

    @property
    def is_known(self) -> bool:
        """Whether its outcome is: 503 says that nobody knows."""
        return self.told is not None and self.told.status != 503


@dataclass(frozen=True, slots=True)
class Opened:
    """A grant as it was handed to a client. `window` in microseconds; 0: a retry is reuse."""

    grant: str
    generation: int
    window: int
    at: Micros
    code_lifetime: int = 60_000_000


@dataclass(frozen=True, slots=True)
class Spell:
    """A fault that lasted. `allows`: statuses that a request may be told that was asked and answered within it.

    0 stands for a lost answer. Empty: whatever is right without the fault is right with it.
    """

    name: str
    begin: Micros
    end: Micros
    allows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Clock:
    """From `at` on, some server's clock may be from `low` to `high` microseconds ahead of this machine's."""

    at: Micros
    low: int
    high: int


def now() -> Micros:
    """This machine's clock, which never goes back."""
    return Micros(time.monotonic_ns() // 1_000)


def digest_of(token: str) -> str:
    """What stands for a token's text."""
    return hashlib.sha256(token.encode()).hexdigest()[:24]


class Ledger:
    """Written by many at once; kept in memory, and in `file` line by line."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self.opened: dict[str, Opened] = {}
        self.spells: list[Spell] = []
        self._operations: list[Operation] = []
        self._clocks = [Clock(Micros(0), 0, 0)]
        self._lock = threading.Lock()
        self._out = None if file is None else file.open("a", encoding="utf-8", buffering=1)

    def open(self, grant: str, generation: int, window: int) -> None:
        """A client was given a grant; generation 0: as a code."""
        with self._lock:
            self.opened[grant] = Opened(grant, generation, window, now())
            self._write("opened", asdict(self.opened[grant]))

    def intend(self, asked: Asked) -> int:
        """Before a request is sent: the number under which its answer is told."""
        with self._lock:
            number = len(self._operations)
            self._operations.append(Operation(number, asked, now()))
            self._write("intent", {"number": number, "begin": self._operations[-1].begin, **asdict(asked)})
            return number

    def hear(self, number: int, told: Told) -> None:
        """An answer came whole."""
        with self._lock:
            self._operations[number] = replace(self._operations[number], end=now(), told=told)
            self._write("told", {"number": number, "end": self._operations[number].end, **asdict(told)})

    def lose(self, number: int, how: str) -> None:
        """Nothing came, or not all of it: the request may still be carried out, at any time from now on."""
        with self._lock:
            self._operations[number] = replace(self._operations[number], lost=how)
            self._write("lost", {"number": number, "how": how, "at": now()})

    def repeat(self, number: int) -> None:
        """Something between client and server sends that request a second time; its answer is nobody's."""
        self.lose(self.intend(self._operations[number].asked), f"a copy of {number}")

    @contextmanager
    def spell(self, name: str, *allows: int) -> Iterator[None]:
        """A fault lasts as long as the block."""
        begin = now()
        yield
        with self._lock:
            self.spells.append(Spell(name, begin, now(), allows))
            self._write("spell", asdict(self.spells[-1]))

    def clock(self, low: int, high: int) -> None:
        """From now on the servers' clocks are ahead of this machine's by so many microseconds."""
        with self._lock:
            self._clocks.append(Clock(now(), low, high))
            self._write("clock", asdict(self._clocks[-1]))

    @property
    def skew(self) -> int:
        """How far ahead of this machine's any server's clock ever was, in microseconds."""
        return max(clock.high for clock in self._clocks)

    def __len__(self) -> int:
        """How many operations there are."""
        return len(self._operations)

    def operations(self) -> list[Operation]:
        """All of them, with what the servers' clocks may have said."""
        with self._lock:
            found = list(self._operations)
        if len(self._clocks) == 1:
            return [replace(one, earliest=one.begin, latest=one.end) for one in found]
        return [self._by_the_server(one) for one in found]

    def histories(self) -> dict[str, list[Operation]]:
        """The operations of each grant that were sent, in the order in which they began."""
        found: dict[str, list[Operation]] = {grant: [] for grant in self.opened}
        for operation in self.operations():
            if operation.was_sent:
                found[operation.asked.grant].append(operation)
        return found

    def close(self) -> None:
        """Nothing more is written."""
        if self._out is not None:
            self._out.close()

    @classmethod
    def read(cls, file: Path) -> "Ledger":
        """A ledger that was kept, to be judged again."""
        ledger = cls()
        for line in file.read_text(encoding="utf-8").splitlines():
            ledger._take(json.loads(line))
        return ledger

    def _take(self, line: dict[str, Any]) -> None:
        match line.pop("what"):
            case "opened":
                self.opened[line["grant"]] = Opened(**line)
            case "intent":
                number, begin = line.pop("number"), line.pop("begin")
                self._operations.append(Operation(number, Asked(**{**line, "kind": Kind(line["kind"])}), begin))
            case "told":
                number, end = line.pop("number"), line.pop("end")
                self._operations[number] = replace(self._operations[number], end=end, told=Told(**line))
            case "lost":
                number = line["number"]
                self._operations[number] = replace(self._operations[number], lost=line["how"])
            case "spell":
                self.spells.append(Spell(**{**line, "allows": tuple(line["allows"])}))
            case "clock":
                self._clocks.append(Clock(**line))
            case what:
                raise ValueError(what)

    def _by_the_server(self, one: Operation) -> Operation:
        ends = [clock.at for clock in self._clocks[1:]] + [FOREVER]
        during = [
            clock for clock, until in zip(self._clocks, ends, strict=True) if clock.at <= one.end and until > one.begin
        ]
        low, high = min(clock.low for clock in during), max(clock.high for clock in during)
        latest = FOREVER if one.end == FOREVER else Micros(one.end + high)
        return replace(one, earliest=Micros(one.begin + low), latest=latest)

    def _write(self, what: str, line: dict[str, Any]) -> None:
        if self._out is not None:
            self._out.write(json.dumps({"what": what, **line}) + "\n")
