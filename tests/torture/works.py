"""Pieces of work that write, each of which must be done whole or not at all, whenever its process dies.

The same work is begun on something fresh, and killed one touch of the database later each time. What is asked of the
dying process is in an order for `tests.faults.nursery`; whether it was done is looked at afterwards, from beside.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final

from sqlalchemy import func, select

from evergrant.core.facts import Event, EventKind, Grant, GrantState
from evergrant.core.reasons import Reason
from evergrant.protocol.secret import Secret
from evergrant.store.schema import sessions
from tests.world import World

Order = Mapping[str, str]
_people = count(1)


@dataclass(frozen=True, slots=True)
class Work:
    """`fresh` makes what the work is done on, and says how it is ordered. `is_done` looks, asks again, and says.

    `is_done` raises AssertionError where the work was done by half, or where asking again does not lead to its end.
    """

    name: str
    fresh: Callable[[World], Awaitable[Order]]
    is_done: Callable[[World, Order], Awaitable[bool]]


async def _person(world: World) -> str:
    name = f"mortal{next(_people)}"
    await world.add_person(name)
    return name


async def _only(world: World, order: Order) -> Grant:
    """The one grant of the person whom the order names."""
    (grant,) = await world.grants(order["user"])
    return grant


async def _told(world: World, grant: Grant, *kinds: EventKind) -> list[Event]:
    return [event for event in await world.events(*kinds) if event.grant_id == grant.id]


# --- a renewal --------------------------------------------------------------------------------------


async def _signed_in(world: World) -> Order:
    user = await _person(world)
    tokens = await world.sign_in("a b", user=user)
    return {"do": "refresh", "token": tokens.refresh_token.reveal(), "user": user}


async def _is_renewed(world: World, order: Order) -> bool:
    generation, token = (await _only(world, order)).generation, Secret(order["token"])
    assert generation in (1, 2)
    successor = await world.refresh(token)
    assert world.generation(successor) == 2
    assert (await world.refresh(token)).refresh_token == successor.refresh_token
    assert world.generation(await world.refresh(successor)) == 3
    return generation == 2


# --- the exchange of a code -------------------------------------------------------------------------


async def _approved(world: World) -> Order:
    user = await _person(world)
    return {"do": "exchange", "token": (await world.approve("a b", user=user)).reveal(), "user": user}


async def _is_exchanged(world: World, order: Order) -> bool:
    grant = await _only(world, order)
    done = grant.state is GrantState.ACTIVE
    assert grant.generation == (1 if done else 0)
    assert len(await _told(world, grant, EventKind.GRANT_EXCHANGED)) == done
    # A code is never redelivered: a lost answer costs a new sign-in.
    assert (await world.exchange(Secret(order["token"]))).reason == (Reason.REUSED if done else None)
    return done


# --- two endings ------------------------------------------------------------------------------------


async def _spent(world: World, do: str) -> Order:
    user = await _person(world)
    stolen = await world.sign_in("a b", user=user)
    await world.refresh(await world.refresh(await world.refresh(stolen)))
    return {"do": do, "token": stolen.refresh_token.reveal(), "user": user}


async def _is_ended(world: World, order: Order, kind: EventKind) -> bool:
    grant = await _only(world, order)
    done = grant.state is GrantState.REVOKED
    assert len(await _told(world, grant, kind)) == done
    assert (await world.refresh(Secret(order["token"]))).reason == (Reason.REVOKED if done else Reason.REUSED)
    return done


# --- an approval ------------------------------------------------------------------------------------


async def _asked(world: World) -> Order:
    return {"do": "approve", "user": await _person(world)}


async def _is_approved(world: World, order: Order) -> bool:
    found = await world.grants(order["user"])
    assert len(found) <= 1
    for grant in found:
        assert (grant.state, grant.generation) == (GrantState.PENDING, 0)
        assert len(await _told(world, grant, EventKind.GRANT_OPENED)) == 1
    again = await world.approve("a b", user=order["user"])
    assert (await world.exchange(again)).error is None
    return bool(found)


# --- a sign-out -------------------------------------------------------------------------------------


async def _to_leave(world: World) -> Order:
    """The dying process signs in itself before it is watched: the cookie is its own."""
    return {"do": "sign_out", "user": await _person(world)}


async def _has_left(world: World, order: Order) -> bool:
    grant = await _only(world, order)
    done = grant.state is GrantState.REVOKED
    with world.engines()[0].connect() as connection:
        mine = select(func.count()).select_from(sessions).where(sessions.c.subject == grant.subject)
        left = connection.execute(mine).scalar_one()
    said = [event for event in await world.events(EventKind.SIGNED_OUT) if event.subject == grant.subject]
    assert (left, len(said)) == ((0, 1) if done else (1, 0))
    assert (grant.revocation is not None and grant.revocation.reason == Reason.LOGGED_OUT) is done
    return done


WORKS: Final = (
    Work("renew", _signed_in, _is_renewed),
    Work("exchange", _approved, _is_exchanged),
    Work(
        "revoke",
        lambda world: _spent(world, "revoke"),
        lambda world, order: _is_ended(world, order, EventKind.GRANT_REVOKED),
    ),
    Work(
        "end as reused",
        lambda world: _spent(world, "refresh"),
        lambda world, order: _is_ended(world, order, EventKind.GRANT_REUSED),
    ),
    Work("approve", _asked, _is_approved),
    Work("sign out", _to_leave, _has_left),
)
