"""Whether this server may be sent requests: what `/readyz` says, and `evergrant doctor` with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evergrant.app.issuers import RealmIssuers
from evergrant.core.key_schedule import ALGORITHMS
from evergrant.core.ports.reader import RealmReader, StoreUnavailable
from evergrant.core.ports.world import Clock
from evergrant.server.keyring import NoSigningKey, SealedElsewhere

CLOCK_DIFFERENCE: Final = 5_000
"""Milliseconds by which the clocks of this machine and the database may differ: retry windows are a minute."""


class StoreReadiness:
    """Asks the store, the clocks and the default realm's keys."""

    def __init__(self, reader: RealmReader, issuers: RealmIssuers, clock: Clock) -> None:
        self._reader = reader
        self._issuers = issuers
        self._clock = clock

    async def __call__(self) -> Mapping[str, str]:
        """What is not ready, by check, each with a sentence; empty when all is."""
        try:
            before = self._clock()
            health = await self._reader.health()
            problems = {} if health.schema == "head" else {"schema": health.schema}
            # The question takes time: only what cannot be its duration is a difference.
            if (
                health.now is not None
                and not before - CLOCK_DIFFERENCE <= health.now <= self._clock() + CLOCK_DIFFERENCE
            ):
                problems["clock"] = f"The database's clock differs by {(health.now - before) / 1000:.0f} seconds."
            return problems | await self._keys()
        except StoreUnavailable:
            return {"store": "The database cannot be reached."}

    async def _keys(self) -> dict[str, str]:
        issuer = await self._issuers.find("default")
        if issuer is None:
            return {"realm": "There is no default realm."}
        try:
            for alg in ALGORITHMS:
                await issuer.keyring.signing_key(alg)
        except (NoSigningKey, SealedElsewhere) as problem:
            return {"keys": str(problem)}
        return {}
