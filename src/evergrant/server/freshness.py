"""Whether what this process remembers of a realm is still so: one question a second, however many ask."""

import asyncio
from dataclasses import dataclass
from typing import Final, Protocol

from evergrant.core.facts import Realm
from evergrant.core.ports.world import Clock
from evergrant.protocol.values import Millis

MAX_AGE: Final = 1_000
"""Nothing that is remembered is staler than this, in milliseconds."""

PATIENCE_S: Final = 1.0
"""How long those who could go on with what is remembered wait for a store that does not answer."""


class AsksRealm(Protocol):
    """The one question that tells whether anything changed."""

    async def realm(self) -> Realm: ...


@dataclass(frozen=True, slots=True)
class _Flight:
    """A question on its way to the store."""

    started: Millis
    answer: "asyncio.Future[Realm]"


class Freshness:
    """The realm as it was at most a second before it was asked for; its `version` tells whether a memory is stale.

    The check is awaited and not left to the background, so that a process that was suspended for an hour asks before
    it answers. Those who ask meanwhile wait for the same answer.
    """

    __slots__ = ("_checked_at", "_clock", "_flight", "_reader", "_realm")

    def __init__(self, reader: AsksRealm, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._realm: Realm | None = None
        self._checked_at = Millis(0)
        self._flight: _Flight | None = None

    def recent(self, now: Millis) -> Realm | None:
        """The realm, where it was asked for less than a second before `now`; nobody has to wait for that."""
        return self._realm if self._realm is not None and _is_recent(self._checked_at, now) else None

    async def realm(self) -> Realm:
        """Raises StoreUnavailable, and LookupError when there is no such realm."""
        asked = self._clock()
        recent = self.recent(asked)
        if recent is not None:
            return recent
        flight = self._flight
        if flight is None or not _is_recent(flight.started, asked):
            flight = _Flight(asked, asyncio.ensure_future(self._reader.realm()))
            self._flight = flight
            flight.answer.add_done_callback(lambda answer: self._landed(flight, answer))
        # Shielded: one client that hangs up must not take the answer from all who wait for it.
        return await asyncio.shield(flight.answer)

    def forget(self) -> None:
        """Ask again next time, whatever is on its way: it may have been read before the change."""
        self._realm = None
        self._flight = None

    def _landed(self, flight: _Flight, answer: "asyncio.Future[Realm]") -> None:
        # Asking for the exception also marks it as seen, should everybody who waited have hung up.
        failed = answer.cancelled() or answer.exception() is not None
        if flight is not self._flight:
            return
        self._flight = None
        if not failed:
            self._realm, self._checked_at = answer.result(), flight.started


def _is_recent(then: Millis, now: Millis) -> bool:
    """A clock that stepped back makes everything stale; otherwise a memory could stay for as long as it stepped."""
    return 0 <= now - then < MAX_AGE
