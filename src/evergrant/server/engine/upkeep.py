"""What a server does on its own: keys on schedule, and the reaper. On by default, in every process."""

import asyncio
from dataclasses import dataclass, fields
from typing import Final

from evergrant.core.credential import MasterKeys
from evergrant.core.facts import Realm
from evergrant.core.key_schedule import DEFAULT as DEFAULT_SCHEDULE
from evergrant.core.key_schedule import Schedule
from evergrant.core.ports.ledger import Swept
from evergrant.core.ports.reader import StoreUnavailable
from evergrant.core.ports.store import Store
from evergrant.core.ports.world import Clock, Random
from evergrant.protocol.values import CorrelationId, RealmId
from evergrant.server.call import Call
from evergrant.server.engine.keys import Keys, KeysContested
from evergrant.server.engine.reaper import DEFAULT as DEFAULT_RETENTION
from evergrant.server.engine.reaper import Reaper, Retention, pause
from evergrant.server.journal import Journal

EVERY: Final = 60_000
"""Milliseconds between two rounds, if nothing else is said."""


@dataclass(frozen=True, slots=True)
class Rules:
    """`interval`: milliseconds between two rounds."""

    schedule: Schedule = DEFAULT_SCHEDULE
    retention: Retention = DEFAULT_RETENTION
    interval: int = EVERY


DEFAULT: Final = Rules()


class Upkeep:
    """Rounds through all realms, those included that are created while the server runs."""

    def __init__(
        self,
        *,
        store: Store,
        masters: MasterKeys,
        clock: Clock,
        random: Random,
        journal: Journal,
        rules: Rules = DEFAULT,
    ) -> None:
        self._store = store
        self._masters = masters
        self._clock = clock
        self._random = random
        self._journal = journal
        self._rules = rules
        self._realms: dict[RealmId, tuple[Keys, Reaper]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Trouble with the store is told and tried again at the next round."""
        while not stop.is_set():
            try:
                await self.run_once(stop)
            except StoreUnavailable as down:
                self._journal.logger.warning("upkeep_postponed", cause=str(down))
            except Exception as bug:
                # It must not end the rounds unnoticed: keys would stop rotating.
                self._journal.logger.error("upkeep_failed", exc_info=bug)
            await pause(stop, self._rules.interval)

    async def run_once(self, stop: asyncio.Event | None = None) -> None:
        """One round. Raises StoreUnavailable."""
        for realm in await self._store.realms():
            keys, reaper = self._tools(realm)
            await self._keep_keys(realm, keys)
            self._tell(realm, await reaper.run_once(stop))

    async def _keep_keys(self, realm: Realm, keys: Keys) -> None:
        call = Call(CorrelationId(f"upkeep-{self._random(8).hex()}"), accepted_at=self._clock())
        try:
            made = await keys.ensure(call)
        except KeysContested:
            # Somebody is changing the realm all the time; there is a day left until a new key is needed.
            self._journal.logger.warning("keys_contested", realm=realm.name)
            return
        for key in made:
            self._journal.logger.info(
                "key_made", realm=realm.name, alg=key.alg, kid=key.kid, signs_from=key.active_from
            )

    def _tools(self, realm: Realm) -> tuple[Keys, Reaper]:
        if realm.id not in self._realms:
            store = self._store.realm_store(realm.id)
            self._realms[realm.id] = (
                Keys(store, self._masters, self._clock, self._random, self._rules.schedule),
                Reaper(store, self._clock, self._rules.retention),
            )
        return self._realms[realm.id]

    def _tell(self, realm: Realm, swept: Swept) -> None:
        counts = {part.name: getattr(swept, part.name) for part in fields(Swept)}
        for kind, count in counts.items():
            self._journal.metrics.swept.labels(kind).inc(count)
        if any(counts.values()):
            self._journal.logger.info("swept", realm=realm.name, **counts)
