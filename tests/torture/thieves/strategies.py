"""What a thief does with a refresh token: when he shows it, and from where."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from random import Random
from typing import Final

from evergrant.core.facts import Caller
from evergrant.core.policy import DAY, SECOND
from evergrant.protocol.record import record

VICTIM: Final = Caller("Firefox", "192.0.2.0/24")
ELSEWHERE: Final = Caller("curl", "198.51.100.0/24")
DISGUISED: Final = Caller("Firefox", "198.51.100.0/24")
"""The victim's user agent, which is easily copied, from another network."""
OTHER_FAMILY: Final = Caller("Firefox", "2001:db8::/48")
"""The victim's user agent, by IPv6 where the victim came by IPv4."""


class Turn(Enum):
    """What has just happened."""

    THEFT = auto()
    THIEF = auto()
    VICTIM = auto()


@record
class View:
    """What the thief knows. Times in milliseconds; he even knows when the victim will ask next, as nobody would."""

    turn: Turn
    now: int
    planned: int | None
    asked: int  # how often he has shown a token
    asked_at: int  # and when he last did
    victim_next: int
    interval: int
    window: int


Plan = Callable[[View, Random], int | None]
"""When the thief shows his token next, asked at the theft and after every request of either; None: not yet."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """`said`: one line for the table. `patience`: the longest he may wait before his first request."""

    name: str
    said: str
    plan: Plan
    patience: int = 0


def _at_random(view: View, chance: Random) -> int | None:
    if view.turn is Turn.VICTIM:
        return view.planned
    if view.turn is Turn.THEFT:
        return view.now + chance.randrange(view.interval)
    return view.now + round(chance.expovariate(1 / view.interval))


def _periodic(view: View, chance: Random) -> int | None:
    if view.turn is Turn.VICTIM:
        return view.planned
    if view.turn is Turn.THEFT:
        return view.now + chance.randrange(view.interval)
    return view.now + round(view.interval * chance.uniform(0.95, 1.05))


def _same_period(view: View, chance: Random) -> int | None:
    if view.turn is Turn.VICTIM:
        return view.planned
    return view.now + (chance.randrange(view.interval) if view.turn is Turn.THEFT else view.interval)


def _at_once(view: View, chance: Random) -> int | None:
    if view.turn is Turn.VICTIM:
        return view.planned
    return view.now if view.turn is Turn.THEFT else view.now + view.interval


def _in_a_burst(view: View, chance: Random) -> int | None:
    """Three renewals in a row, so that what the victim holds is three generations old."""
    if view.turn is Turn.VICTIM:
        return view.planned
    return view.now + (SECOND if view.asked < 3 else view.interval)


def _beside(view: View, wanted: int) -> int | None:
    """Once for each of the victim's: a second request, beside its retry after a lost answer, would give him away."""
    if view.asked and wanted - view.asked_at < view.interval // 2:
        return None
    return max(view.now, wanted)


def _just_before(view: View, chance: Random) -> int | None:
    return _beside(view, view.victim_next - chance.randint(1 * SECOND, 5 * SECOND))


def _in_the_same_second(view: View, chance: Random) -> int | None:
    """Before or after the victim, as it happens."""
    return view.planned or _beside(view, view.victim_next + chance.randint(-SECOND, SECOND))


def _just_after(view: View, chance: Random) -> int | None:
    if view.turn is not Turn.VICTIM:
        return None
    return view.planned or _beside(view, view.now + chance.randint(1 * SECOND, 5 * SECOND))


def _twice_and_gone(view: View, chance: Random) -> int | None:
    return None if view.asked == 2 else _just_after(view, chance)


def _five_times_and_gone(view: View, chance: Random) -> int | None:
    return None if view.asked == 5 else _just_after(view, chance)


def _within_the_window(view: View, chance: Random) -> int | None:
    if view.turn is not Turn.VICTIM:
        return None
    return view.planned or _beside(view, view.now + chance.randrange(view.window or SECOND))


def _patiently(view: View, chance: Random) -> int | None:
    if view.turn is Turn.VICTIM:
        return view.planned
    return view.now + (chance.randint(DAY, 3 * DAY) if view.turn is Turn.THEFT else view.interval)


RANDOM: Final = Strategy("random", "at random times, as often as the victim", _at_random)
PERIODIC: Final = Strategy("periodic", "every 10 minutes, give or take 5 %", _periodic)
SAME_PERIOD: Final = Strategy("same period", "every 10 minutes exactly", _same_period)
AT_ONCE: Final = Strategy("at once", "the moment it is stolen, then every 10 minutes", _at_once)
BURST: Final = Strategy("burst", "three times in a row, then every 10 minutes", _in_a_burst)
SAME_SECOND: Final = Strategy("same second", "races the victim, at every refresh", _in_the_same_second)
JUST_BEFORE: Final = Strategy("just before", "1 to 5 s before the victim, at every refresh", _just_before)
JUST_AFTER: Final = Strategy("just after", "1 to 5 s after the victim, at every refresh", _just_after)
IN_WINDOW: Final = Strategy("in the window", "after the victim, somewhen in the retry window", _within_the_window)
PATIENT: Final = Strategy("patient", "waits one to three days, then every 10 minutes", _patiently, 3 * DAY)
TWICE: Final = Strategy("twice and gone", "just after the victim, two times, then never again", _twice_and_gone)
FIVE: Final = Strategy("five and gone", "just after the victim, five times, then never again", _five_times_and_gone)

STRATEGIES: Final = (
    RANDOM, PERIODIC, SAME_PERIOD, AT_ONCE, BURST, PATIENT, SAME_SECOND, JUST_BEFORE, JUST_AFTER, IN_WINDOW,
)  # fmt: skip
LOCKED: Final = (SAME_SECOND, JUST_BEFORE, JUST_AFTER, IN_WINDOW)
"""Those that meet the victim within the window at every step."""
RESTRAINED: Final = (TWICE, FIVE)
"""Those that know the streak's length and stop in time."""
