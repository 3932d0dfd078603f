"""Fires, and judges every answer, every line of the log, and the database after each shot."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from time import perf_counter
from typing import Final

from tests.faults.stock import Stock
from tests.support.server import Server
from tests.support.waiting import until
from tests.torture.hostile.cast import Cast, assemble
from tests.torture.hostile.framing import smuggled
from tests.torture.hostile.generator import Generator
from tests.torture.hostile.journal import Journal
from tests.torture.hostile.oracles import complaints
from tests.torture.hostile.oversized import rss
from tests.torture.hostile.shots import Shot
from tests.torture.hostile.state import State
from tests.torture.hostile.wire import Answer, Malformed, Wire, read, volley

BATCH: Final = 500
"""So many shots on one connection, then a volley of broken framings, then a look into the log."""

VOLLEY: Final = 20
_TOKENS: Final = 60
_SUCCESSES: Final = frozenset({200, 303})


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must not be, and the shot before it."""

    what: str
    note: str
    octets: bytes


@dataclass(slots=True)
class Figures:
    """What happened."""

    seed: int
    shots: int = 0
    volleys: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    doors: Counter[str] = field(default_factory=Counter)
    hung_up: int = 0
    successes: int = 0  # something was done, because what was asked was right after all
    slowest_s: float = 0.0
    seconds: float = 0.0
    rss_before: int = 0
    rss_after: int = 0
    violations: list[Violation] = field(default_factory=list)


class Campaign:
    """An attack on a running server. `fire(n)` as often as wanted; then `figures`."""

    def __init__(self, server: Server, seed: int) -> None:
        self._server = server
        self.cast: Cast = assemble(server, _TOKENS)
        self._generator = Generator(self.cast, seed)
        self._chance = Random(seed)
        self._wire = Wire(server.port)
        self._state = State(server.data_dir / "evergrant.db")
        secrets = (*self.cast.secrets, *self.cast.refresh_tokens, self.cast.access_token, self.cast.id_token)
        self._journal = Journal(server.log_file, secrets)
        self._answered: Counter[str] = Counter()
        self._framings: list[Shot] = []
        self.figures = Figures(seed)

    def fire(self, shots: int) -> Figures:
        """So many shots on one connection, and the volleys that go with them."""
        began = perf_counter()
        self.figures.rss_before = self.figures.rss_before or rss(self._server)
        for number in range(shots):
            self._shoot(self._generator.next())
            if number % BATCH == BATCH - 1:
                self._end_of_batch()
        self._end_of_batch()
        self.figures.rss_after = rss(self._server)
        self.figures.seconds += perf_counter() - began
        return self.figures

    def fire_every_framing(self) -> Figures:
        """Each broken framing once."""
        self._framings = []
        self._end_of_batch()
        while self._framings:
            self._end_of_batch()
        return self.figures

    def close(self) -> None:
        """Let go of everything but the server."""
        self._wire.close()
        self._state.close()

    def _shoot(self, shot: Shot) -> None:
        self.figures.shots += 1
        self.figures.doors[shot.door] += 1
        try:
            answer = self._wire.ask(shot)
            self._wire.assert_silent()
        except (Malformed, TimeoutError) as wrong:
            self._wire.close()
            self._note(f"{type(wrong).__name__}: {wrong}", shot)
            return
        if answer is None:
            self.figures.hung_up += 1
            self._note("hung up without an answer", shot)
        else:
            self._judge(shot, answer)
        self._compare(shot, answer)

    def _judge(self, shot: Shot, answer: Answer) -> None:
        self.figures.statuses[answer.status] += 1
        self.figures.slowest_s = max(self.figures.slowest_s, answer.seconds)
        self._answered.update(answer.headers.get("x-correlation-id", "").split())
        for wrong in complaints(shot, answer, self.cast):
            self._note(wrong, shot)

    def _compare(self, shot: Shot, answer: Answer | None) -> None:
        tables, kinds = self._state.changed()
        if not tables and not kinds:
            return
        if answer is not None and answer.status in _SUCCESSES and not shot.forged:
            self.figures.successes += 1
            if shot.door in ("token", "revoke", "logout", "logout_confirm"):
                self.cast.wore_out(tables)
        else:
            status = "no answer" if answer is None else answer.status
            self._note(f"{status}, and yet there changed {sorted(tables)}, {sorted(kinds)}", shot)

    def _end_of_batch(self) -> None:
        if not self._framings:
            self._framings = list(smuggled(self.cast, self._chance))
        now, self._framings = self._framings[:VOLLEY], self._framings[VOLLEY:]
        for shot, received in zip(now, asyncio.run(volley(self._server.port, now)), strict=True):
            self._judge_volley(shot, received)
        for wrong in self._look_into_the_log():
            self._note(wrong, Shot(b"", "this batch"))
        self._answered.clear()
        self._replenish()

    def _replenish(self) -> None:
        """Some requests are right after all, and use up what is genuine."""
        if len(self.cast.refresh_tokens) < _TOKENS // 2:
            more = Stock.of(self._server).tokens(_TOKENS)
            self.cast.refresh_tokens += more
            self._journal.keep_secret(more)
            self._state.changed()

    def _judge_volley(self, shot: Shot, received: bytes) -> None:
        self.figures.volleys += 1
        try:
            answers, rest = read(received)
        except Malformed as wrong:
            self._note(f"Malformed: {wrong}", shot)
            return
        for answer in answers:
            self._judge(shot, answer)
        answered = sum("x-correlation-id" in answer.headers for answer in answers)
        if answered > shot.most or rest:
            self._note(f"{answered} answers and {rest[:80]!r}", shot)
        self._compare(shot, answers[0] if answers else None)

    def _look_into_the_log(self) -> Iterator[str]:
        # The line is written before the answer leaves, but by another process: it may still be on its way to the file.
        def settled() -> bool:
            return all(name in self._server.log() for name in list(self._answered)[-3:])

        until(settled, what="the log has the last answers")
        yield from self._journal.complaints(self._answered)

    def _note(self, what: str, shot: Shot) -> None:
        self.figures.violations.append(Violation(what, shot.note, shot.octets[:4_000]))
