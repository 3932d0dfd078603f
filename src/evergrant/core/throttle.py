"""How fast passwords may be guessed: which counters an attempt moves, and whether it is looked at. Pure.

Every attempt is counted before its password is verified, so that a hundred at once are a hundred. An attempt that
is held up is not verified and its count is given back; a right password gives its own count back too. What stays
is the number of wrong ones, and it leaks away.

Below a counter's allowance attempts pass. From there on a *gate* lets one through in a time that doubles with
each wrong password, up to 15 minutes. Nobody can lock a user out: a browser in which this user has signed in
before has a counter of its own and none of the others, and a network that has not tried this account lately has
one attempt an hour, whatever the rest of the world does.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evergrant.core.policy import MINUTE, SECOND

LONGEST_DELAY: Final = 15 * MINUTE
SPARE_DELAY: Final = 60 * MINUTE
FORGOTTEN_AFTER: Final = 50 * 30 * MINUTE  # the slowest counter, full
"""After this time at rest every counter is empty, and its row may go. Milliseconds."""


@dataclass(frozen=True, slots=True)
class Throttled:
    """Not looked at. The same for users that exist and users that do not."""

    retry_after_s: int


@dataclass(frozen=True, slots=True)
class Counter:
    """A leaky counter: `free` attempts pass; one is forgotten every `leak` milliseconds. `gate` says how it slows."""

    key: bytes
    free: int
    leak: int
    gate: bytes
    spare: bool = False  # the gate does not double: one attempt an hour, from this network


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets one attempt pass every `delay` milliseconds."""

    key: bytes
    delay: int


def counters(username: str, address_prefix: str, known_browser: bytes | None) -> tuple[Counter, ...]:
    """What an attempt moves. `username` is normalised; `known_browser` names a browser this user signed in with."""
    if known_browser is not None:
        key = _key("browser", username.encode(), known_browser)
        return (Counter(key, 10, 15 * MINUTE, _gate(key)),)
    prefix = _key("prefix", address_prefix.encode())
    pair = _key("pair", username.encode(), address_prefix.encode())
    account = _key("account", username.encode())
    return (
        Counter(prefix, 20, MINUTE, _gate(prefix)),
        Counter(pair, 5, 15 * MINUTE, _gate(pair)),
        Counter(account, 50, 30 * MINUTE, _key("spare", pair), spare=True),
    )


def gates(moved: Sequence[Counter], counts: Sequence[int]) -> tuple[Gate, ...]:
    """The gates this attempt has to pass, from the counts that include it."""
    return tuple(
        Gate(counter.gate, SPARE_DELAY if counter.spare else delay(count - counter.free))
        for counter, count in zip(moved, counts, strict=True)
        if count >= counter.free
    )


def held_for(passed: Sequence[Gate], counts: Sequence[int]) -> int:
    """How long to wait, in milliseconds; 0: look at the password. `counts` are the gates', this attempt included."""
    return max((gate.delay for gate, count in zip(passed, counts, strict=True) if count > 1), default=0)


def delay(beyond: int) -> int:
    """Milliseconds between two attempts that are `beyond` the allowance: 1 s, 2 s, 4 s ... 15 minutes."""
    return min(LONGEST_DELAY, SECOND << min(beyond, 10))


def _gate(key: bytes) -> bytes:
    return _key("gate", key)


def _key(kind: str, *parts: bytes) -> bytes:
    """A digest, so that the table of counters does not list who signs in from where."""
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in (kind.encode(), *parts))
    return hashlib.sha256(b"evergrant throttle" + framed).digest()
