"""The issuers of one server, by the name of their realm. Each is put together when it is first asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from evergrant.core.facts import Realm
from evergrant.core.ports.reader import RealmReader
from evergrant.core.ports.world import Clock
from evergrant.protocol.values import Millis
from evergrant.server.issuer import Issuer

LOOK_AGAIN_AFTER: Final = 1_000
"""Milliseconds. However many unknown names are asked for, the store is asked for its realms once in this time."""


class RealmIssuers:
    """Finds issuers. A realm is never deleted, so an issuer that was found stays."""

    def __init__(self, reader: RealmReader, build: Callable[[Realm], Issuer], clock: Clock) -> None:
        self._reader = reader
        self._build = build
        self._clock = clock
        self._found: dict[str, Issuer] = {}
        self._looked_at = Millis(0)
        self._turn = asyncio.Lock()

    async def find(self, realm_name: str, /) -> Issuer | None:
        """The issuer of that realm, or None. Raises StoreUnavailable."""
        issuer = self._found.get(realm_name)
        if issuer is not None:
            return issuer
        async with self._turn:
            if realm_name not in self._found and not 0 <= self._clock() - self._looked_at < LOOK_AGAIN_AFTER:
                await self._look()
        return self._found.get(realm_name)

    async def all(self) -> tuple[Issuer, ...]:
        """Every realm there is now. Raises StoreUnavailable."""
        async with self._turn:
            await self._look()
        return tuple(self._found.values())

    async def _look(self) -> None:
        for realm in await self._reader.realms():
            if realm.name not in self._found:
                self._found[realm.name] = self._build(realm)
        self._looked_at = self._clock()
