"""Who is sent after a build: a short, certain attack, the same for broken builds and for the whole one.

What they do is told to the ledger, and the verdict on it is the harness's own; a hunter only provokes. Most of them
need a fault to do so: they name it.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Final

from tests.support.waiting import until
from tests.torture.ledger import Asked, Kind, Told
from tests.torture.mutants import beside
from tests.torture.mutants.authority import authority
from tests.torture.mutants.ground import Ground

COPIES: Final = 3


@dataclass(frozen=True, slots=True)
class Hunter:
    """`needs`: what it takes besides clients, for people. `servers`, `codes`: how many it wants."""

    name: str
    needs: str
    attack: Callable[[Ground], Coroutine[None, None, None]]
    servers: int = 1
    codes: int = 0


async def everyday(ground: Ground) -> None:
    """What every client does, what some get wrong, and the end."""
    line, session = ground.line(), ground.plain[0]
    await ground.refresh(line, session)
    await ground.refresh(line, session, 1)
    await ground.refresh(line, session, odd="stranger")
    await ground.refresh(line, session, odd="too_wide")
    await ground.crowd.show(line, Kind.INTROSPECT, session, 1)
    await ground.crowd.show(line, Kind.INTROSPECT, session, session.newest)
    await ground.crowd.show(line, Kind.REVOKE, session, session.newest, odd="stranger")
    await ground.refresh(line, session)
    await ground.crowd.show(line, Kind.REVOKE, session, session.newest)
    await ground.crowd.show(line, Kind.INTROSPECT, session, session.newest)
    await ground.refresh(line, session)


async def replay(ground: Ground) -> None:
    """A token that is long spent, and then the newest one."""
    line, session = ground.line(), ground.plain[0]
    for _ in range(4):
        await ground.refresh(line, session)
    await ground.refresh(line, session, 1)
    await ground.refresh(line, session)


async def copies(ground: Ground) -> None:
    """One request several times, all judged before the first is committed; their client may not retry."""
    lines = [ground.held_line() for _ in range(COPIES * len(ground.strict))]
    sessions = ground.strict * COPIES
    asked = [asyncio.create_task(ground.refresh(*one)) for one in zip(lines, sessions, strict=True)]
    await _at_the_door(ground, len(asked))
    ground.builds[0].let_go()
    await asyncio.gather(*asked)


async def overtaken(ground: Ground) -> None:
    """A renewal is held up while its client renews three times."""
    line, held, session = ground.line(), ground.held_line(), ground.plain[0]
    slow = asyncio.create_task(ground.refresh(held, session))
    await _at_the_door(ground, 1)
    for _ in range(3):
        await ground.refresh(line, session)
    await _released(ground, slow)


async def revoked_meanwhile(ground: Ground) -> None:
    """A renewal is held up while its grant is revoked; then what it brought is shown."""
    line, held, session = ground.line(), ground.held_line(), ground.plain[0]
    slow = asyncio.create_task(ground.refresh(held, session))
    await _at_the_door(ground, 1)
    await ground.crowd.show(line, Kind.REVOKE, session, session.newest)
    await _released(ground, slow)
    await ground.refresh(line, session)


async def codes(ground: Ground) -> None:
    """A code twice, one after the other; another one twice at once."""
    line, held = ground.line(), ground.held_line()
    first, second = ground.coded
    for _ in range(2):
        await ground.crowd.show(line, Kind.EXCHANGE, first, 0)
    slow = asyncio.create_task(ground.crowd.show(held, Kind.EXCHANGE, second, 0))
    await _at_the_door(ground, 1)
    await ground.crowd.show(line, Kind.EXCHANGE, second, 0)
    await _released(ground, slow)


async def window(ground: Ground) -> None:
    """A retry within the window, and another after its end."""
    line, session = ground.line(), ground.plain[0]
    await ground.refresh(line, session)
    ground.advance(40)
    await ground.refresh(line, session, 1)
    ground.advance(25)
    await ground.refresh(line, session, 1)


async def edge(ground: Ground) -> None:
    """A retry some milliseconds after the window's end, within the same second; again if the machine was too slow."""
    line = ground.line()
    for session in ground.plain:
        until(lambda: time.time() % 1 < 0.4, what="the second is young")
        second = int(time.time())
        await ground.refresh(line, session)
        ground.advance(60)
        over = time.monotonic() + 0.02
        until(lambda over=over: time.monotonic() > over, what="the window is over")  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        await ground.refresh(line, session, 1)
        if int(time.time()) == second:
            return


async def refusing(ground: Ground) -> None:
    """The store refuses to write, for a while."""
    line, session = ground.line(), ground.plain[0]
    await ground.refresh(line, session)
    with beside.nothing_is_written(ground.stock), ground.ledger.spell("nothing is written", 503):
        for _ in range(2):
            await ground.refresh(line, session)
    await ground.refresh(line, session)


async def killed(ground: Ground) -> None:
    """kill -9 as soon as a revocation and a renewal were answered."""
    line, (ended, renewed, *_) = ground.line(), ground.plain
    await ground.crowd.show(line, Kind.REVOKE, ended, ended.newest)
    await ground.refresh(line, renewed)
    ground.builds[0].kill()


async def restarted(ground: Ground) -> None:
    """A restart, and then a token that was spent before it."""
    line, session = ground.line(), ground.plain[0]
    for _ in range(4):
        await ground.refresh(line, session)
    await line.hang_up()
    ground.builds[0].kill()
    ground.builds[0].start()
    await ground.refresh(line, session, 1)
    await ground.refresh(line, session)


async def forgetful(ground: Ground) -> None:
    """A fail-over forgets a renewal that was answered."""
    line, session = ground.line(), ground.plain[0]
    before = beside.row_of(ground.stock, session.grant)
    await ground.refresh(line, session)
    number = ground.ledger.intend(Asked(session.grant, Kind.FORGET, 1))
    beside.put_back(ground.stock, before)
    ground.ledger.hear(number, Told(200))
    await ground.refresh(line, session)


async def reaped(ground: Ground) -> None:
    """The reaper comes by, after one grant was ended and another renewed."""
    line, (ended, renewed, *_) = ground.line(), ground.plain
    await ground.crowd.show(line, Kind.REVOKE, ended, ended.newest)
    await ground.refresh(line, renewed)
    beside.leave_something_to_reap(ground.stock)
    ground.builds[0].kill()
    ground.builds[0].start()  # its first round begins with it
    until(lambda: beside.was_reaped(ground.stock), what="the reaper came by")


async def two_servers(ground: Ground) -> None:
    """What one server has read of a grant, the other changes."""
    here, there, session = ground.line(0), ground.line(1), ground.plain[0]
    await ground.refresh(here, session)
    await ground.crowd.show(there, Kind.INTROSPECT, session, session.newest)
    await ground.crowd.show(here, Kind.REVOKE, session, session.newest)
    await ground.crowd.show(there, Kind.INTROSPECT, session, session.newest)
    await ground.refresh(there, session)


async def _at_the_door(ground: Ground, count: int) -> None:
    build = ground.builds[0]
    await asyncio.to_thread(until, lambda: build.held() == count, what=f"{count} are at the door")


async def _released(ground: Ground, slow: "asyncio.Task[Told | None]") -> None:
    ground.builds[0].let_go()
    await slow


HUNTERS: Final = {
    hunter.name: hunter
    for hunter in (
        Hunter("everyday", "nothing", everyday),
        Hunter("replay", "nothing", replay),
        Hunter("authority", "nothing", authority),
        Hunter("copies", "a stall before the commit", copies),
        Hunter("overtaken", "a stall before the commit", overtaken),
        Hunter("revoked-meanwhile", "a stall before the commit", revoked_meanwhile),
        Hunter("codes", "a stall before the commit", codes, codes=2),
        Hunter("window", "a clock that is moved", window),
        Hunter("edge", "a clock that is moved", edge),
        Hunter("refusing", "a store that refuses", refusing),
        Hunter("killed", "kill -9", killed),
        Hunter("restarted", "kill -9 and a start", restarted),
        Hunter("reaped", "a start", reaped),
        Hunter("forgetful", "a fail-over", forgetful),
        Hunter("two-servers", "two servers", two_servers, servers=2),
    )
}
"""By name."""
