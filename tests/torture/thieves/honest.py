"""Honest people, and how often the rules against thieves end their sessions: false alarms.

Nothing here is stolen. Answers are lost, phones change their network, tabs refresh together, and every grant that ends
nevertheless is counted. The person signs in again and goes on.
"""

from collections import Counter
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from random import Random
from typing import Final

from evergrant.core.facts import Caller, Client
from evergrant.core.policy import DAY, MINUTE, SECOND, Policy
from evergrant.core.reasons import Reason
from evergrant.core.streak import END
from tests.torture.thieves.applying import DEFAULTS, JudgedGrant
from tests.torture.thieves.simulation import RETRY_AFTER, START
from tests.torture.thieves.strategies import ELSEWHERE, VICTIM
from tests.unit.core.cases import CLIENT

OTHER_PROGRAM: Final = Caller("Widget", VICTIM.address_prefix)
NETWORKS: Final = (VICTIM, Caller(VICTIM.user_agent, ELSEWHERE.address_prefix))


@dataclass(frozen=True, slots=True)
class Life:
    """How a person uses a client. Times in milliseconds.

    `programs`: what shares one session and refreshes at the same moment, within `spread`. `lost`: share of answers that
    do not arrive. `roams`: share of retries that come from another network than the request before. `outage`: mean time
    until a network that lost an answer is there again (exponential), beside the client's own pause of 2 seconds.
    """

    policy: Policy = DEFAULTS
    client: Client = CLIENT
    programs: tuple[Caller, ...] = (VICTIM,)
    spread: int = 2 * SECOND
    lost: float = 0.0
    roams: float = 0.0
    outage: int = 0
    interval: int = 10 * MINUTE
    slack: int = 5 * SECOND


@dataclass(slots=True)
class Days:
    """What so many days of a person's life came to: `ends` are sessions that were ended, by reason."""

    days: int
    refreshes: int = 0
    ends: Counter[Reason] = field(default_factory=Counter)


def live(life: Life, days: int, chance: Random) -> Days:
    """So many days on end, refreshing day and night."""
    seen = Days(days)
    now, end = START, START + days * DAY
    while now < end:
        now = _session(life, now, end, seen, chance)
    return seen


def _session(life: Life, opened_at: int, end: int, seen: Days, chance: Random) -> int:
    """From a sign-in to the end of its grant, or of the days; when that was."""
    grant = JudgedGrant(life.policy, life.client, life.programs[0], opened_at)
    callers = list(life.programs)
    stored, now = 1, opened_at
    while now < end:
        due = now + life.interval + chance.randint(0, life.slack)
        shown = stored
        asking = [(due + _apart(life, chance), program, 0) for program in range(len(callers))]
        heapify(asking)
        while asking:
            now, program, tries = heappop(asking)
            if tries and stored != shown:
                continue  # another program has stored what this one was going to ask for again
            if tries and chance.random() < life.roams:
                callers[program] = _moved(callers[program])
            seen.refreshes += 1
            answer = grant.refresh(shown, callers[program], now)
            if answer is None:
                if grant.why is not None:
                    seen.ends[grant.why] += 1
                return now
            if chance.random() < life.lost:
                heappush(asking, (now + _pause(life, chance), program, tries + 1))
            else:
                stored = max(stored, answer)
    return now


def _apart(life: Life, chance: Random) -> int:
    return chance.randint(0, life.spread) if len(life.programs) > 1 else 0


def _moved(caller: Caller) -> Caller:
    """From Wi-Fi to the mobile network, or back."""
    return NETWORKS[1] if caller == NETWORKS[0] else NETWORKS[0]


def _pause(life: Life, chance: Random) -> int:
    return RETRY_AFTER + (round(chance.expovariate(1 / life.outage)) if life.outage else 0)


def share_ended_by_streak(noted: float, refreshes: int) -> float:
    """The share of sessions that see six noted generations in a row among so many, exactly.

    `noted`: the chance that a generation is redelivered to another context. What happens once in a million days cannot
    be counted in five minutes; a test holds this against `live` where it is frequent.
    """
    lengths = [1.0] + [0.0] * (END - 1)
    for _ in range(refreshes):
        broken = sum(lengths) * (1 - noted)
        lengths = [broken, *(share * noted for share in lengths[:-1])]
    return 1 - sum(lengths)


def chance_noted(lost: float, roams: float) -> float:
    """The chance that at least one retry of a refresh comes from another context than the request that renewed.

    Each answer is lost with chance `lost`; each retry changes between two networks with chance `roams`.
    """
    # `home`, `away`: a further retry is needed, and comes from where the renewal came from, or not, as yet unnoted.
    home, noted = lost, 0.0
    for _ in range(64):
        noted += home * roams
        home *= (1 - roams) * lost
    return noted
