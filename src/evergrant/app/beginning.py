"""What a start finds or makes: the default realm, its policy, its keys, and in development mode the demo objects."""

from __future__ import annotations

from dataclasses import dataclass

from evergrant.app.demo import DemoMade, keep_demo
from evergrant.app.office import Office
from evergrant.app.settings import Settings
from evergrant.core.facts import Realm, StoredKey
from evergrant.server.call import Call
from evergrant.server.engine.keys import Keys
from evergrant.server.engine.operators.realms import DEFAULT, Realms
from evergrant.server.engine.operators.refusals import AlreadyExists, NotFound


@dataclass(frozen=True, slots=True)
class Began:
    """What the start is told about: the keys that sign now, and the demo objects (None in production)."""

    keys: tuple[StoredKey, ...]
    demo: DemoMade | None


async def default_realm(realms: Realms, call: Call) -> Realm:
    """The realm at the root path, made if it is missing."""
    try:
        return await realms.show(DEFAULT)
    except NotFound:
        try:
            return await realms.create(call, DEFAULT)
        except AlreadyExists:
            return await realms.show(DEFAULT)


async def begin(settings: Settings, office: Office) -> Began:
    """Safe to do at every start and in several processes at once. Raises OperatorError, StoreUnavailable."""
    await _follow_policy(settings, office)
    await office.keys.ensure(office.call)
    demo = await keep_demo(office, settings.data_dir) if settings.development else None
    return Began(await _signing(office.keys), demo)


async def _follow_policy(settings: Settings, office: Office) -> None:
    """The default realm's policy is what the server's settings say, and nothing else: what was taken out goes back.

    Only a server does this. A command may run with fewer settings, and must not undo the server's.
    """
    if dict(office.realm.policy) != dict(settings.policy):
        wanted = {**dict.fromkeys(office.realm.policy), **settings.policy}
        await office.realms.set_policy(office.call, DEFAULT, wanted)


async def _signing(keys: Keys) -> tuple[StoredKey, ...]:
    return tuple(listed.key for listed in await keys.listing() if listed.status == "active")
