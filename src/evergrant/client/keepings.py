"""The sessions of one client in this process: whoever asks for one by name gets the one that is there."""

from __future__ import annotations

import json
from typing import Final
from weakref import WeakValueDictionary

from evergrant.client.driving import Reachable
from evergrant.client.keeper import Keeper
from evergrant.client.keeping import Keeping
from evergrant.client.vaults.vault import Vault
from evergrant.client.ways import Way
from evergrant.client.world import Random

_STEPS: Final = 1 << 16


class Keepings:
    """Remembers a session for as long as somebody uses it, and for longer if there is something to remember.

    A web application asks for one at each request. It must not forget from one to the next that the issuer asked for
    patience, nor tokens that could not be saved yet.
    """

    def __init__(self, issuer: Reachable, random: Random) -> None:
        self._issuer = issuer
        self._random = random
        self._alive: WeakValueDictionary[tuple[int, str], Keeping] = WeakValueDictionary()
        self._owing: set[Keeping] = set()

    def get(self, way: Way, vault: Vault, *name: str | None) -> Keeping:
        """The session of that name in that vault."""
        key = key_of(way.provider.issuer, way.client.client_id, *name)
        # By identity: whoever keeps the session keeps the vault, so that no other one can have its place.
        place = (id(vault), key)
        keeping = self._alive.get(place)
        if keeping is None:
            jitter = int.from_bytes(self._random(2)) / _STEPS
            keeping = self._alive[place] = Keeping(Keeper(way, jitter), vault, key, self._issuer, self._note)
        return keeping

    def _note(self, keeping: Keeping) -> None:
        now = self._issuer.transport.clock()
        self._owing = {known for known in (*self._owing, keeping) if known.owes(now)}


def key_of(issuer: str, client_id: str, *name: str | None) -> str:
    """Of a session in a vault. Issuer and client are part of it, so that no two share one."""
    return json.dumps([issuer, client_id, *name])
