"""Guesses at passwords: at one account, or one password at many; from one network, or from thousands.

python -m tests.torture.hostile.guessing [--seconds 20] [--rounds 3]: what is looked at, whether the person still gets
in, and how much slower a refresh is meanwhile.
"""

import argparse
import asyncio
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Final
from urllib.parse import urlencode

from tests.faults.stock import Stock
from tests.support.server import Server
from tests.torture.hostile.honest_load import Timings, ratio, renew
from tests.torture.hostile.own_server import own_server
from tests.torture.hostile.wire import Answer, read

BEHIND_A_PROXY: Final = {"EVERGRANT_TRUSTED_PROXIES": "127.0.0.1"}
"""Settings under which a guess may say which network it is from."""

LOOKED_AT: Final = "invalid_grant"
"""What is answered when a password was looked at and was wrong."""

_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Guess:
    """One user name and password, from an address."""

    username: str
    password: str
    address: str


Pattern = Callable[[Random, str], Guess]
"""The next guess; the text is the name of the account that is really there."""


def one_account_one_network(chance: Random, victim: str) -> Guess:
    """Who hammers."""
    return Guess(victim, f"guess {chance.random()}", "198.51.100.7")


def one_account_many_networks(chance: Random, victim: str) -> Guess:
    """A botnet at one account."""
    return Guess(victim, f"guess {chance.random()}", _anywhere(chance))


def spray_one_network(chance: Random, _victim: str) -> Guess:
    """One password at everybody, from one place."""
    return Guess(f"user{chance.randrange(100_000)}", "Summer2026!", "198.51.100.7")


def spray_many_networks(chance: Random, _victim: str) -> Guess:
    """One password at everybody, from everywhere: no counter fills, so each is hashed."""
    return Guess(f"user{chance.randrange(100_000)}", "Summer2026!", _anywhere(chance))


PATTERNS: Final = (one_account_one_network, one_account_many_networks, spray_one_network, spray_many_networks)


@dataclass(slots=True)
class Guesser:
    """Shows names and passwords to the token endpoint, and counts what it is told."""

    server: Server
    chance: Random
    told: Counter[str] = field(default_factory=Counter)

    def ask(self, guess: Guess) -> str:
        """What one guess is told: `ok`, or a code of RFC 6749."""
        return asyncio.run(self._ask(guess))

    def guess(self, pattern: Pattern, count: int) -> Counter[str]:
        """So many guesses, some at once; what they were told."""
        told: Counter[str] = Counter()

        async def some(number: int) -> None:
            for _ in range(count // _AT_ONCE + (number < count % _AT_ONCE)):
                told[await self._ask(pattern(self.chance, self.server.demo.username))] += 1

        async def everybody() -> None:
            await asyncio.gather(*(some(number) for number in range(_AT_ONCE)))

        asyncio.run(everybody())
        return told

    @contextmanager
    def storm(self, pattern: Pattern) -> Iterator[Counter[str]]:
        """Guesses without pause, in a thread of its own, until the block ends."""
        stop, told, name = threading.Event(), Counter[str](), self.server.demo.username

        async def some() -> None:
            while not stop.is_set():
                told[await self._ask(pattern(self.chance, name))] += 1

        async def everybody() -> None:
            await asyncio.gather(*(some() for _ in range(_AT_ONCE)))

        thread = threading.Thread(target=lambda: asyncio.run(everybody()), daemon=True)
        thread.start()
        try:
            yield told
        finally:
            stop.set()
            thread.join(30)

    async def _ask(self, guess: Guess) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        body = urlencode({"grant_type": "password", "username": guess.username, "password": guess.password})
        writer.write(
            (
                f"POST /token HTTP/1.1\r\nHost: localhost:{self.server.port}\r\nConnection: close\r\n"
                f"Authorization: {Stock.of(self.server).program.basic}\r\nX-Forwarded-For: {guess.address}\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            ).encode()
        )
        async with asyncio.timeout(30):
            (answer,), _ = read(await reader.read())
        writer.close()
        return _told(answer)


def _told(answer: Answer) -> str:
    if answer.status == 200:
        return "ok"
    return LOOKED_AT if b'"invalid_grant"' in answer.body else f"{answer.status}"


def _anywhere(chance: Random) -> str:
    return f"10.{chance.randrange(40)}.{chance.randrange(256)}.9"


def main() -> None:
    """Prints the figures."""
    wanted = argparse.ArgumentParser(prog="python -m tests.torture.hostile.guessing", description=__doc__)
    wanted.add_argument("--seconds", type=float, default=20)
    wanted.add_argument("--rounds", type=int, default=3)
    wanted.add_argument("--seed", type=int, default=7)
    asked = wanted.parse_args()
    for pattern in PATTERNS:
        with own_server(BEHIND_A_PROXY) as server:
            _tell(pattern.__name__, server, pattern, asked.seconds / asked.rounds / 2, asked.rounds, asked.seed)


def _tell(name: str, server: Server, pattern: Pattern, seconds: float, rounds: int, seed: int) -> None:
    stock, guesser = Stock.of(server), Guesser(server, Random(seed))
    tokens = stock.tokens(4)
    renew(server.port, stock.program, tokens, seconds=2)
    alone, beside, told = Timings(), Timings(), Counter[str]()
    for _ in range(rounds):
        _add(alone, renew(server.port, stock.program, tokens, seconds=seconds))
        with guesser.storm(pattern) as guessed:
            _add(beside, renew(server.port, stock.program, tokens, seconds=seconds))
        told += guessed
    person = guesser.ask(Guess(server.demo.username, server.demo.password, "203.0.113.5"))
    lines = [
        f"{name}: {sum(told.values())} guesses in {seconds * rounds:.0f} s: {dict(told)}; the person then: {person}",
        f"  alone:  {alone}",
        f"  beside: {beside}; {ratio(alone, beside)}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _add(all_of_them: Timings, more: Timings) -> None:
    all_of_them.told += more.told
    all_of_them.seconds += more.seconds


if __name__ == "__main__":
    main()
