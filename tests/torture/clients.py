"""Simulated clients: each owns one grant after another and does to it what clients, proxies and thieves do.

What they do next is chance, seeded: the same seed and number make the same choices. Every request is in the ledger
before it is sent. A client believes only whole answers; after any other it shows the token that it holds again.
"""

import asyncio
import json
import threading
from base64 import urlsafe_b64decode
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from tests.faults.line import LOST, Answer, Line, Program
from tests.faults.storm import generation_of, grant_of
from tests.support.waiting import until
from tests.torture.ledger import NOBODY_THERE, Asked, Kind, Ledger, Told, digest_of

PAUSES_S: Final = (0.0, 0.002, 0.01, 0.03)
AFTER_TROUBLE_S: Final = 0.1
LAST_TRIES: Final = 200
"""How often a client tries at the end, with nothing wrong any more, to be answered."""

IMPATIENT_S: Final = 0.5
HANGS: Final = "hangs"
"""How an answer was lost that a patient client waited for in vain."""


@dataclass(frozen=True, slots=True)
class Temper:
    """How often a client does what, relative to each other; `refresh` is what honest clients do."""

    refresh: int = 60
    copies: int = 8
    too_wide: int = 3
    stranger: int = 3
    introspect: int = 6
    retry: int = 6
    replay: int = 1
    revoke: int = 1
    hang_up: int = 3

    def deeds(self) -> dict[str, int]:
        """By name."""
        return {name: getattr(self, name) for name in Temper.__slots__}


@dataclass(slots=True)
class Session:
    """What a client holds of one grant: every token that it was ever given, by generation. 0: the code."""

    grant: str
    program: Program
    texts: dict[int, str]
    proof: dict[str, str] = field(default_factory=dict)  # what is shown with the code
    ended: bool = False
    authority: dict[str, Any] | None = None  # what the first access token granted

    @classmethod
    def of(cls, program: Program, token: str) -> "Session":
        """Of a refresh token."""
        return cls(grant_of(token).hex(), program, {generation_of(token): token})

    @property
    def newest(self) -> int:
        """The newest generation that it was given."""
        return max(self.texts)


class Crowd:
    """The clients, their sessions, and what they were told. `ports`: a client's requests go to one of them each time.

    `stranger`: another program, known to the server, which shows tokens that are not its own.
    """

    def __init__(
        self,
        ledger: Ledger,
        ports: Sequence[int],
        sessions: Iterable[Session],
        stranger: Program,
        *,
        clients: int,
        seed: int,
        temper: Temper | None = None,
    ) -> None:
        self.ledger = ledger
        self.sessions = list(sessions)
        self.told: Counter[str] = Counter()  # "200", "503", "400", "lost"
        self.secrets: set[str] = set()
        """Every token that anybody was given: none of them may be found in a database or a log."""
        self.impatient = False
        """While it is so, every second request is given up before it is answered, if that takes long."""
        self._ports = list(ports)
        self._stranger = stranger
        self._waiting = deque(self.sessions)
        self._temper = temper or Temper()
        self._actors = [_Actor(self, Random(f"{seed}/{number}"), self._temper) for number in range(clients)]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """All of them, in a thread of their own, as long as the block lasts."""
        loop, stop = asyncio.new_event_loop(), asyncio.Event()
        failures: list[BaseException] = []

        def run() -> None:
            try:
                with asyncio.Runner(loop_factory=lambda: loop) as runner:
                    runner.run(self._work(stop))
            except BaseException as failure:  # noqa: BLE001 - told by the thread that waits
                failures.append(failure)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(90)
            assert not thread.is_alive(), "the clients did not come to an end"
        if failures:
            raise failures[0]

    def is_told(self, what: str, times: int, *, seconds: float = 60.0) -> None:
        """Wait until they have been told "200", "503" or "lost" so many times more."""
        before = self.told[what]
        until(lambda: self.told[what] - before >= times, what=f"{times} are told {what}", seconds=seconds)

    def settle(self) -> None:
        """With nothing wrong any more: everybody shows the newest token that they hold until they are answered."""

        async def all_of_them() -> None:
            await asyncio.gather(
                *(actor.settle(self.sessions[number :: len(self._actors)]) for number, actor in enumerate(self._actors))
            )

        asyncio.run(all_of_them())

    def next_session(self) -> Session | None:
        """One that nobody has yet."""
        return self._waiting.popleft() if self._waiting else None

    async def show(self, line: Line, kind: Kind, session: Session, generation: int, *, odd: str = "") -> Told | None:
        """Show a token; what was told, None if it was lost. `odd`: "stranger", "too_wide", "hang_up" or "replay"."""
        program = self._stranger if odd == "stranger" else session.program
        server = self._ports.index(line.port)
        asked = Asked(session.grant, kind, generation, odd == "stranger", odd == "too_wide", server, odd == "replay")
        number = self.ledger.intend(asked)
        line.headers = {"X-Operation": str(number)}
        patience = self._patience(odd, number)
        try:
            async with asyncio.timeout(patience):
                answer = await self._send(line, kind, program, session, generation, odd)
        except TimeoutError:
            self._lose(number, HANGS if patience is None else "hung up")
            return None
        except ConnectionRefusedError:
            self._lose(number, NOBODY_THERE)
            return None
        except LOST as lost:
            self._lose(number, type(lost).__name__)
            return None
        told = self._read(answer, kind, session)
        self.ledger.hear(number, told)
        self.told[str(told.status)] += 1
        return told

    def line(self, chance: Random) -> Line:
        """To one of the servers."""
        return Line(chance.choice(self._ports))

    def _patience(self, odd: str, number: int) -> float | None:
        if odd == "hang_up":
            return (number % 7) * 0.002
        return IMPATIENT_S if self.impatient and number % 2 else None

    def _lose(self, number: int, how: str) -> None:
        self.ledger.lose(number, how)
        self.told["lost"] += 1

    async def _send(
        self, line: Line, kind: Kind, program: Program, session: Session, generation: int, odd: str
    ) -> Answer:
        text = session.texts[generation]
        match kind:
            case Kind.EXCHANGE:
                return await line.token(program, grant_type="authorization_code", code=text, **session.proof)
            case Kind.REFRESH:
                scope = {"scope": "profile email phone"} if odd == "too_wide" else {}
                return await line.token(program, grant_type="refresh_token", refresh_token=text, **scope)
            case Kind.REVOKE:
                return await line.post("/revoke", program, token=text)
            case Kind.INTROSPECT:
                return await line.post("/introspect", program, token=text)
            case _:
                raise ValueError(kind)

    def _read(self, answer: Answer, kind: Kind, session: Session) -> Told:
        error = answer.body.get("error")
        if answer.status != 200:
            return Told(answer.status, error, wrong=_oddness(answer))
        if kind is Kind.INTROSPECT:
            return Told(200, active=answer.body.get("active"), wrong=_oddness(answer))
        if kind is Kind.REVOKE:
            return Told(200, wrong=_oddness(answer))
        token = answer.refresh_token
        generation = generation_of(token)
        session.texts.setdefault(generation, token)
        self.secrets |= {token, str(answer.body["access_token"])}
        wrong = _oddness(answer) or (None if grant_of(token).hex() == session.grant else "a token of another grant")
        return Told(200, None, generation, digest_of(token), wrong=wrong, grown=_growth(session, answer))

    async def _work(self, stop: asyncio.Event) -> None:
        await asyncio.gather(*(actor.live(stop) for actor in self._actors))


def _oddness(answer: Answer) -> str | None:
    """What no answer may be, whatever was asked. S-047"""
    if answer.status == 503:
        try:
            answer.assert_unavailable()
        except (AssertionError, KeyError, ValueError) as wrong:
            return f"503 that tells no client what to do: {wrong!r}"
    if answer.headers.get("cache-control") != "no-store":
        return "an answer that may be kept"
    return None


def _growth(session: Session, answer: Answer) -> str | None:
    """How an answer grants something else than the grant's first one did. I9"""
    claims = _claims(str(answer.body["access_token"]))
    granted = {name: claims.get(name) for name in ("sub", "client_id", "scope", "aud", "gid", "auth_time")}
    granted["scope of the answer"] = answer.body.get("scope")
    before = session.authority = session.authority or granted
    return None if granted == before else f"{granted}, before {before}"


def _claims(access_token: str) -> dict[str, Any]:
    part = access_token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


class _Actor:
    """One client: one connection to each server, as many sessions as it uses up, one after another."""

    def __init__(self, crowd: Crowd, chance: Random, temper: Temper) -> None:
        self._crowd = crowd
        self._chance = chance
        deeds = temper.deeds()
        self._names, self._weights = list(deeds), list(deeds.values())

    async def live(self, stop: asyncio.Event) -> None:
        """Until told to stop, or no session is left."""
        line, other = self._crowd.line(self._chance), self._crowd.line(self._chance)
        while not stop.is_set() and (session := self._crowd.next_session()) is not None:
            while not stop.is_set() and not session.ended:
                told = await self._do_something(session, line, other)
                trouble = told is None or told.status == 503
                await _wait(stop, AFTER_TROUBLE_S if trouble else self._chance.choice(PAUSES_S))
            if session.ended:
                await self._mourn(session, line)
        await line.hang_up()
        await other.hang_up()

    async def settle(self, sessions: Sequence[Session]) -> None:
        """Show the newest token of each until it is answered, and once more what it brought."""
        line = self._crowd.line(self._chance)
        for session in sessions:
            for _ in range(2):
                for _ in range(LAST_TRIES):
                    told = await self._refresh(session, line)
                    if told is not None and told.status != 503:
                        break
                    await _wait(asyncio.Event(), AFTER_TROUBLE_S)
        await line.hang_up()

    async def _do_something(self, session: Session, line: Line, other: Line) -> Told | None:
        (deed,) = self._chance.choices(self._names, self._weights)
        back = session.newest - self._chance.choice((1, 1, 2))
        if session.newest == 0 or deed == "refresh":
            return await self._refresh(session, line)
        match deed:
            case "copies":
                return await self._copies(session, line, other)
            case "too_wide" | "stranger" | "hang_up":
                kind = self._chance.choice((Kind.REFRESH, Kind.REVOKE)) if deed == "stranger" else Kind.REFRESH
                told = await self._crowd.show(line, kind, session, session.newest, odd=deed)
                return told if deed == "hang_up" else None
            case "introspect":
                return await self._crowd.show(
                    line, Kind.INTROSPECT, session, self._chance.choice([*session.texts]) or 1
                )
            case "retry" if back in session.texts and back > 0:
                # What it holds may be further behind than it knows: the newest renewal may have been lost.
                return self._hear(session, await self._crowd.show(line, Kind.REFRESH, session, back, odd="replay"))
            case "replay" if session.newest > 4:
                old = self._chance.randint(1, session.newest - 3)
                if old in session.texts:
                    told = await self._crowd.show(line, Kind.REFRESH, session, old, odd="replay")
                    return self._hear(session, told)
            case "revoke" if session.newest > 6:
                told = await self._crowd.show(line, Kind.REVOKE, session, session.newest)
                session.ended = told is not None and told.status == 200
                return told
        return await self._refresh(session, line)

    async def _refresh(self, session: Session, line: Line) -> Told | None:
        kind = Kind.REFRESH if session.newest else Kind.EXCHANGE
        return self._hear(session, await self._crowd.show(line, kind, session, session.newest))

    async def _copies(self, session: Session, line: Line, other: Line) -> Told | None:
        newest = session.newest
        more = [self._crowd.line(self._chance) for _ in range(self._chance.choice((0, 0, 1, 2)))]
        lines = [line, other, *more]
        told = await asyncio.gather(*(self._crowd.show(one, Kind.REFRESH, session, newest) for one in lines))
        for each in more:
            await each.hang_up()
        for one in told:
            self._hear(session, one)
        return told[0]

    async def _mourn(self, session: Session, line: Line) -> None:
        """A session that has ended stays so, whatever of it is shown."""
        shown = [generation for generation in session.texts if generation > 0]
        for generation in self._chance.sample(shown, min(2, len(shown))):
            await self._crowd.show(line, Kind.REFRESH, session, generation)
            await self._crowd.show(line, Kind.INTROSPECT, session, generation)

    @staticmethod
    def _hear(session: Session, told: Told | None) -> Told | None:
        if told is not None and told.error == "invalid_grant":
            session.ended = True
        return told


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    """A little, unless it is over."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
