"""Creates realms and changes their policy."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from evergrant.core.facts import EventKind, Realm
from evergrant.core.policy import EpochEvent, PolicyError, PolicyValue, check_overrides
from evergrant.core.ports.ledger import Superseded, Taken
from evergrant.core.ports.store import Store
from evergrant.core.ports.world import Clock
from evergrant.protocol.values import RealmId
from evergrant.server.call import Call
from evergrant.server.engine.operators.refusals import ATTEMPTS, AlreadyExists, Contested, Invalid, NotFound, bad_policy

DEFAULT: Final = "default"
"""The realm at the root path."""

_NAME: Final = re.compile(r"[a-z0-9-]{1,32}")
_FIRST_VERSION: Final = 1


class Realms:
    """The realms of one server. Methods raise OperatorError or StoreUnavailable; then nothing was written."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def create(self, call: Call, name: str, policy: Mapping[str, PolicyValue] | None = None) -> Realm:
        """A realm without clients, users and keys; `Keys.ensure` makes its keys. Raises Invalid, AlreadyExists."""
        if _NAME.fullmatch(name) is None:
            raise Invalid(
                f"{name!r} cannot be a realm's name: it is part of its URL.",
                "Use 1 to 32 lower-case letters, digits and hyphens.",
            )
        now = self._clock()
        overrides = _checked(policy or {})
        realm = Realm(RealmId(name), name, overrides, 0, EpochEvent.NONE, now, _FIRST_VERSION)
        if isinstance(await self._store.create_realm(realm), Taken):
            raise AlreadyExists(f"There is a realm {name!r} already.", "Choose another name.")
        event = call.event(EventKind.REALM_CHANGED, now, detail={"change": "created", "realm": name})
        await self._store.realm_store(realm.id).record((event,))
        return realm

    async def list(self) -> tuple[Realm, ...]:
        """All realms, by name."""
        return await self._store.realms()

    async def show(self, name: str) -> Realm:
        """Raises NotFound."""
        for realm in await self._store.realms():
            if realm.name == name:
                return realm
        raise NotFound(f"There is no realm {name!r}.", "`evergrant realm list` shows those that are there.")

    async def set_policy(self, call: Call, name: str, policy: Mapping[str, PolicyValue | None]) -> Realm:
        """Each setting given; None there: back to the default. Raises NotFound, Invalid, Contested.

        Felt at the next refresh, by all clients that do not say otherwise.
        """
        for _ in range(ATTEMPTS):
            realm = await self.show(name)
            wanted = {**realm.policy, **policy}
            changed = replace(
                realm, policy=_checked({key: value for key, value in wanted.items() if value is not None})
            )
            if changed == realm:
                return realm
            detail = {"change": "policy", "realm": name, "fields": " ".join(sorted(policy))}
            event = call.event(EventKind.REALM_CHANGED, self._clock(), detail=detail)
            saved = await self._store.realm_store(realm.id).save_realm(changed, events=(event,))
            if not isinstance(saved, Superseded):
                return replace(changed, version=changed.version + 1)
        raise Contested(f"The realm {name!r}")


def _checked(policy: Mapping[str, PolicyValue]) -> dict[str, PolicyValue]:
    try:
        return check_overrides(policy)
    except PolicyError as error:
        raise bad_policy(error) from error
