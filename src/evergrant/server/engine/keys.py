"""Makes, rotates and lists the signing keys of a realm. Safe when several processes do it at once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from evergrant.core.credential import MasterKeys
from evergrant.core.facts import Event, EventKind, Realm, StoredKey
from evergrant.core.key_schedule import (
    ALGORITHMS,
    DEFAULT,
    NewKey,
    Plan,
    Schedule,
    forgettable_before,
    is_published,
    plan,
    rotate_now,
    signing,
)
from evergrant.core.lifetimes import longest_access_token
from evergrant.core.ports.ledger import Superseded
from evergrant.core.ports.store import RealmStore
from evergrant.core.ports.world import Clock, Random
from evergrant.jose.keys import Alg, SigningKey, generate
from evergrant.protocol.values import Millis
from evergrant.server.call import Call
from evergrant.server.keyring import seal_private

ATTEMPTS: Final = 5
Planner = Callable[[tuple[StoredKey, ...], Millis, Schedule, int], Plan]
KeyStatus = Literal["next", "active", "retired", "removed"]


class KeysContested(Exception):
    """Something else in the realm changed at every attempt. Nothing was written; try again."""


@dataclass(frozen=True, slots=True)
class KeyListing:
    """A key as an operator sees it. `removed`: no longer published, kept to recognize old ID tokens at logout."""

    key: StoredKey
    status: KeyStatus


class Keys:
    """One realm's signing keys in the store. Every method may raise StoreUnavailable."""

    def __init__(
        self,
        store: RealmStore,
        masters: MasterKeys,
        clock: Clock,
        random: Random,
        schedule: Schedule = DEFAULT,
    ) -> None:
        self._store = store
        self._masters = masters
        self._clock = clock
        self._random = random
        self._schedule = schedule
        self._made: dict[Alg, SigningKey] = {}

    async def ensure(self, call: Call) -> tuple[StoredKey, ...]:
        """Make the first keys, and later those that the schedule asks for; the keys that were made, often none.

        Raises KeysContested.
        """
        made = await self._carry_out(call, plan, "scheduled")
        await self._drop_old()
        return made

    async def rotate(self, call: Call) -> tuple[StoredKey, ...]:
        """New keys that sign at once, published in the same moment. Raises KeysContested."""
        return await self._carry_out(call, rotate_now, "operator")

    async def listing(self) -> tuple[KeyListing, ...]:
        """All keys, oldest first."""
        keys, now = await self._store.signing_keys(), self._clock()
        active = {key.kid for alg in ALGORITHMS if (key := signing(keys, alg, now)) is not None}
        return tuple(KeyListing(key, _status(key, now, active)) for key in keys)

    async def _carry_out(self, call: Call, planner: Planner, by: str) -> tuple[StoredKey, ...]:
        for _ in range(ATTEMPTS):
            # The realm first: what is read after it is at least as new as the version that the save names.
            realm = await self._store.realm()
            keys = await self._store.signing_keys()
            now = self._clock()
            longest = longest_access_token(realm, await self._store.clients(), await self._store.resources())
            planned = planner(keys, now, self._schedule, longest)
            if planned.is_empty:
                return ()
            made = tuple([await self._make(new, realm, now) for new in planned.create])
            events = tuple(_event(call, key, now, by) for key in made)
            saved = await self._store.save_keys((*made, *planned.changes), version=realm.version, events=events)
            if not isinstance(saved, Superseded):
                self._made.clear()
                return made
        raise KeysContested("The realm's configuration kept changing while its signing keys were saved.")

    async def _make(self, new: NewKey, realm: Realm, now: Millis) -> StoredKey:
        # Kept for the next attempt: an RSA key takes up to a second of work. In a thread for the same reason.
        if new.alg not in self._made:
            self._made[new.alg] = await asyncio.to_thread(generate, new.alg)
        key = self._made[new.alg]
        return StoredKey(
            kid=key.kid,
            alg=key.alg,
            public_jwk=key.public().jwk(),
            sealed_private=seal_private(key, realm.id, self._masters, self._random),
            master_key_id=self._masters.current,
            created_at=now,
            active_from=new.active_from,
            retires_at=None,
            removed_at=None,
        )

    async def _drop_old(self) -> None:
        """Drop keys that left the key set more than a year ago; any drop moves the realm's version, so look first."""
        before = forgettable_before(self._clock())
        if any(k.removed_at is not None and k.removed_at < before for k in await self._store.signing_keys()):
            await self._store.drop_keys(before)


def _event(call: Call, key: StoredKey, now: Millis, by: str) -> Event:
    detail = {"kid": key.kid, "alg": key.alg, "active_from": str(key.active_from), "by": by}
    return call.event(EventKind.KEY_ROTATED, now, detail=detail)


def _status(key: StoredKey, now: Millis, active: set[str]) -> KeyStatus:
    if not is_published(key, now):
        return "removed"
    if key.kid in active:
        return "active"
    return "next" if key.active_from > now else "retired"
