"""Deletes what is over, in small batches, so that the store holds what lives and nothing else."""

import asyncio
from dataclasses import dataclass, fields
from typing import Final

from evergrant.core.lifetimes import longest_access_token
from evergrant.core.policy import DAY, MINUTE
from evergrant.core.ports.ledger import Horizon, Swept
from evergrant.core.ports.store import RealmStore
from evergrant.core.ports.world import Clock
from evergrant.core.throttle import FORGOTTEN_AFTER
from evergrant.protocol.values import Millis

BATCH: Final = 100
"""Rows of each kind in one transaction: SQLite has one writer, and with a million grants 500 rows held renewals up for
50 to 200 ms."""

PAUSE: Final = 25
"""Milliseconds between two batches, so that a large clean-up is not all the store does."""

_PENDING: Final = 60 * MINUTE
_REVOKED: Final = DAY
_CLOCKS_DIFFER: Final = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Retention:
    """In milliseconds. `events`: the audit trail; `attempts`: throttle counters at rest."""

    events: int = 400 * DAY
    attempts: int = FORGOTTEN_AFTER


DEFAULT: Final = Retention()


def horizon(now: Millis, longest_access_lifetime: int, retention: Retention) -> Horizon:
    """Before which times things may go.

    A grant stays until no access token of it can be alive, because introspection asks the grant. It also stays until
    its absolute end, however idle it is: until then a stolen token of an earlier generation is recognized by it.
    """
    return Horizon(
        pending_before=Millis(now - _PENDING),
        expired_before=Millis(now - longest_access_lifetime),
        revoked_before=Millis(now - max(longest_access_lifetime, _REVOKED)),
        # Another node's clock may be behind: to it, what was claimed once must not seem new while it is still valid.
        now=Millis(now - _CLOCKS_DIFFER),
        attempts_before=Millis(now - retention.attempts),
        events_before=Millis(now - retention.events),
    )


class Reaper:
    """Sweeps one realm. Several processes may do it at the same time."""

    def __init__(self, store: RealmStore, clock: Clock, retention: Retention = DEFAULT) -> None:
        self._store = store
        self._clock = clock
        self._retention = retention
        self._known: tuple[int, int] | None = None

    async def run_once(self, stop: asyncio.Event | None = None, batch: int = BATCH) -> Swept:
        """Sweep until nothing is left to delete, or `stop` is set; how many rows went. Raises StoreUnavailable."""
        stop = asyncio.Event() if stop is None else stop
        total = Swept()
        while not stop.is_set():
            swept = await self._store.sweep(await self._horizon(), batch)
            total = _sum(total, swept)
            if max(_counts(swept)) < batch:
                break
            await pause(stop, PAUSE)
        return total

    async def _horizon(self) -> Horizon:
        realm = await self._store.realm()
        # All clients are read only when the configuration changed.
        if self._known is None or self._known[0] != realm.version:
            longest = longest_access_token(realm, await self._store.clients(), await self._store.resources())
            self._known = (realm.version, longest)
        return horizon(self._clock(), self._known[1], self._retention)


async def pause(stop: asyncio.Event, ms: int) -> None:
    """Wait for `ms` milliseconds, or until `stop` is set: nobody waits for the end of a nap at shutdown."""
    try:
        await asyncio.wait_for(stop.wait(), ms / 1000)
    except TimeoutError:
        return


def _counts(swept: Swept) -> tuple[int, ...]:
    return tuple(getattr(swept, part.name) for part in fields(Swept))


def _sum(left: Swept, right: Swept) -> Swept:
    return Swept(*(a + b for a, b in zip(_counts(left), _counts(right), strict=True)))
