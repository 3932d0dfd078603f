"""Many clients that refresh without pause, each writing down what it was given: the ledger that a fault is judged by.

Each holds one chain of refresh tokens. An answer that did not come whole is unknown to it, so it shows the same token
again, as real clients do. Whatever happens to the server, a client may be told 200 or 503, or lose the connection;
anything else is kept as a complaint.
"""

import asyncio
import threading
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from evergrant.protocol.values import GrantId
from tests.faults.line import LOST, Answer, Line, Program
from tests.support.waiting import until

BETWEEN_TRIES_S = 0.05


def generation_of(token: str) -> int:
    """Which generation a refresh token is (design: "What a token is")."""
    return int.from_bytes(bytes_of(token)[34:38], "big")


def grant_of(token: str) -> GrantId:
    """Which grant it belongs to."""
    return GrantId(bytes_of(token)[2:18])


def bytes_of(token: str) -> bytes:
    """What a token of any kind is made of."""
    return urlsafe_b64decode(token[len("eg_rt_") :])


@dataclass(slots=True)
class Chain:
    """One client's session: the newest token it was given, and what became of its requests."""

    token: str
    told: Counter[str] = field(default_factory=Counter)  # "200", "503", "lost"
    complaints: list[Any] = field(default_factory=list)

    @property
    def acknowledged(self) -> int:
        """The generation it holds: the server said so."""
        return generation_of(self.token)

    def hear(self, answer: Answer) -> None:
        """Take the new token, or see that the refusal is one that keeps the session."""
        self.told[str(answer.status)] += 1
        if answer.status != 200:
            try:
                answer.assert_unavailable()
            except (AssertionError, KeyError) as wrong:
                self.complaints.append(wrong)
            return
        before, self.token = self.token, answer.refresh_token
        if (grant_of(before), self.acknowledged) != (grant_of(self.token), generation_of(before) + 1):
            self.complaints.append(("not the next generation", generation_of(before), self.acknowledged))


class Storm:
    """The clients at work, in a thread of their own."""

    def __init__(self, ports: Sequence[int], program: Program, tokens: Sequence[str]) -> None:
        self.chains = [Chain(token) for token in tokens]
        self._ports = ports
        self._program = program

    def told(self, what: str) -> int:
        """How many answers of that kind there were: "200", "503", or "lost"."""
        return sum(chain.told[what] for chain in self.chains)

    def have_done(self, count: int) -> bool:
        """Whether there were so many refreshes."""
        return self.told("200") >= count

    def everybody_is_told(self, what: str, *, seconds: float = 40.0) -> None:
        """Wait until each client hears it once more."""
        before = [chain.told[what] for chain in self.chains]

        def so() -> bool:
            self.assert_no_complaint()
            return all(chain.told[what] > count for chain, count in zip(self.chains, before, strict=True))

        until(so, what=f"every client is told {what}", seconds=seconds)

    def assert_no_complaint(self) -> None:
        """Nobody was told anything but 200 and 503, and nobody was given anything but the next generation."""
        complaints = [complaint for chain in self.chains for complaint in chain.complaints]
        assert complaints == [], complaints[:3]

    async def blow(self, stop: asyncio.Event) -> None:
        """All of them, until `stop`."""
        await asyncio.gather(
            *(
                self._live(chain, self._ports[number % len(self._ports)], stop)
                for number, chain in enumerate(self.chains)
            )
        )

    async def _live(self, chain: Chain, port: int, stop: asyncio.Event) -> None:
        line = Line(port)
        while not stop.is_set():
            try:
                answer = await line.refresh(self._program, chain.token)
            except TimeoutError:
                chain.complaints.append("the server hangs")
                return
            except LOST:
                chain.told["lost"] += 1
                await _a_moment(stop)
                continue
            chain.hear(answer)
            if answer.status != 200:
                await _a_moment(stop)
        await line.hang_up()


async def _a_moment(stop: asyncio.Event) -> None:
    """A client that was refused waits a little, unless the storm is over."""
    try:
        async with asyncio.timeout(BETWEEN_TRIES_S):
            await stop.wait()
    except TimeoutError:
        return


@contextmanager
def storm(ports: Sequence[int], program: Program, tokens: Sequence[str]) -> Iterator[Storm]:
    """The clients work until the block ends. With several ports, they are shared out among them."""
    blowing, loop, stop = Storm(ports, program, tokens), asyncio.new_event_loop(), asyncio.Event()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(blowing.blow(stop))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield blowing
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        assert not thread.is_alive(), "the clients did not come to an end"
