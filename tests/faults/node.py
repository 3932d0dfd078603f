"""Another server process on the same database: `python -m tests.faults.node URL REALM`, driven by lines of JSON.

Each line names some work and how often it is to be done at once; the answer is a line with a reply for each.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping

from evergrant.protocol.secret import Secret
from evergrant.store.open import open_store
from tests.replies import Reply
from tests.world import World


async def join(url: str, realm_name: str) -> World:
    """A server of the realm, in this process."""
    store = open_store(url)
    realm = next(realm for realm in await store.realms() if realm.name == realm_name)
    await store.close()
    world = World.join(lambda: open_store(url), realm, seed=os.getpid())
    world.is_watching = False
    return world


async def carry_out(world: World, order: Mapping[str, str]) -> Reply:
    """One piece of work; what is no token request is answered with an empty reply."""
    match order["do"]:
        case "refresh":
            return await world.refresh(Secret(order["token"]))
        case "exchange":
            return await world.exchange(Secret(order["token"]))
        case "revoke":
            await world.revoke(Secret(order["token"]))
        case "approve":
            await world.approve("a b", user=order["user"])
        case "sign_out":
            await world.sign_out(order["user"])
        case "set_roles":
            await world.set_roles(order["role"], user="ben")
        case unknown:
            raise ValueError(unknown)
    return Reply()


def as_json(reply: Reply) -> dict[str, str | int | None]:
    """A reply as it goes through a pipe."""
    token = None if reply.tokens is None else reply.tokens.refresh_token
    return {
        "refresh_token": None if token is None else token.reveal(),
        "error": reply.error,
        "status": reply.status,
        "reason": reply.reason,
    }


async def _serve(url: str, realm_name: str) -> None:
    world = await join(url, realm_name)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        replies = await asyncio.gather(*(carry_out(world, order) for _ in range(order["times"])))
        sys.stdout.write(json.dumps([as_json(reply) for reply in replies]) + "\n")
        sys.stdout.flush()
    await world.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2]))
