"""One theft: a victim that refreshes, a thief with a copy of its token, and a server that knows neither."""

from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from evergrant.core.facts import Caller, Client
from evergrant.core.policy import DAY, MINUTE, SECOND, Policy
from tests.torture.thieves.applying import DEFAULTS, JudgedGrant, Server
from tests.torture.thieves.branching import BranchingGrant
from tests.torture.thieves.strategies import ELSEWHERE, VICTIM, Strategy, Turn, View
from tests.unit.core.cases import CLIENT

START: Final = 1_800_000_000_000
RETRY_AFTER: Final = 2 * SECOND


@dataclass(frozen=True, slots=True)
class Situation:
    """The world a theft happens in. Times in milliseconds.

    `slack`: the client asks up to so much later than it could, when somebody next needs an access token.
    `lost`: share of the victim's answers that do not arrive. `away`: how long the victim asks nothing after the theft.
    `horizon`: who was not noticed so long after the thief began is counted as never noticed.
    """

    policy: Policy = DEFAULTS
    client: Client = CLIENT
    retries_bring: Literal["successor", "branch"] = "successor"
    thief: Caller = ELSEWHERE
    interval: int = 10 * MINUTE
    slack: int = 5 * SECOND
    lost: float = 0.01
    away: int = 0
    horizon: int = DAY


@dataclass(frozen=True, slots=True)
class Theft:
    """How it went. `noticed_after`, `warned_after`: from the theft to the end of the grant, to the first event.

    `tokens`: access tokens the thief was given; `held_for`: from the first of them until the grant was over or the last
    one had expired.
    """

    noticed_after: int | None
    warned_after: int | None
    tokens: int
    held_for: int


@dataclass(slots=True)
class Victim:
    """An honest client: it renews what it holds, and shows it again when the answer is lost."""

    held: int
    due: int

    def ask(self, server: Server, situation: Situation, now: int, chance: Random) -> bool:
        """False: it has been refused and has to sign in again."""
        answer = server.refresh(self.held, VICTIM, now)
        if answer is None:
            return False
        if chance.random() < situation.lost:
            self.due = now + RETRY_AFTER
        else:
            self.held = answer
            self.due = now + situation.interval + chance.randint(0, situation.slack)
        return True


def steal(strategy: Strategy, situation: Situation, chance: Random) -> Theft:
    """One theft, at a random moment between two refreshes of the victim, to its end or the horizon."""
    server = opened(situation)
    stolen_at = START + chance.randrange(situation.interval)
    due = max(START + situation.interval + chance.randint(0, situation.slack), stolen_at + situation.away)
    victim = Victim(held=1, due=due)
    held, tokens, first, given_at, asked, asked_at = victim.held, 0, 0, 0, 0, 0
    last = stolen_at + strategy.patience + situation.horizon
    turn, now, planned = Turn.THEFT, stolen_at, None
    while server.ended_at is None:
        view = View(turn, now, planned, asked, asked_at, victim.due, situation.interval, situation.policy.retry_window)
        planned = strategy.plan(view, chance)
        now = victim.due if planned is None else min(planned, victim.due)
        if now > last:
            now = last
            break
        if planned is None or victim.due < planned:
            turn = Turn.VICTIM
            if not victim.ask(server, situation, now, chance):
                break
            continue
        turn, planned, asked, asked_at = Turn.THIEF, None, asked + 1, now
        answer = server.refresh(held, situation.thief, now)
        if answer is None:
            break
        held, tokens, first, given_at = answer, tokens + 1, first or now, now
    return Theft(
        noticed_after=None if server.ended_at is None else server.ended_at - stolen_at,
        warned_after=None if server.warned_at is None else server.warned_at - stolen_at,
        tokens=tokens,
        held_for=min(now, given_at + situation.policy.access_token_lifetime) - first if first else 0,
    )


def opened(situation: Situation) -> Server:
    """A grant at a server that answers retries as the situation says."""
    if situation.retries_bring == "branch":
        return BranchingGrant(situation.policy.retry_window)
    return JudgedGrant(situation.policy, situation.client, VICTIM, START)


def thefts(strategy: Strategy, situation: Situation, seed: str, numbers: range) -> list[Theft]:
    """The thefts of these numbers: each has a chance of its own, so that any of them can be looked at alone."""
    return [steal(strategy, situation, Random(f"{seed}/{strategy.name}/{number}")) for number in numbers]
