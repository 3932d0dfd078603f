"""Realm, clients, resources and policies in process memory, never more than a second behind the store."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol, TypeVar

from evergrant.core.facts import Client, Realm, Resource
from evergrant.core.policy import Policy, effective
from evergrant.core.ports.reader import StoreUnavailable
from evergrant.core.ports.world import Clock
from evergrant.protocol.values import ClientId, RealmId
from evergrant.server.freshness import PATIENCE_S, AsksRealm, Freshness

K = TypeVar("K")
V = TypeVar("V")

MOST_CLIENTS: Final = 10_000
MOST_MISSING: Final = 1_000
"""Ids that are no client's. Kept apart, so that made-up ids push no real client out of memory."""


class AsksConfiguration(AsksRealm, Protocol):
    """What the catalog asks of a Reader."""

    async def client(self, client_id: ClientId, /) -> Client | None: ...

    async def resources(self) -> tuple[Resource, ...]: ...


class Terms(NamedTuple):
    """What a request of a client is judged under."""

    realm: Realm
    policy: Policy
    resources: Mapping[str, Resource]


@dataclass(slots=True)
class _Known:
    """What was read under one version of the realm. A new version begins a new one.

    A read that began under the old version ends in the old one and is gone with it.
    """

    realm: Realm
    clients: OrderedDict[ClientId, Client] = field(default_factory=OrderedDict)
    missing: OrderedDict[ClientId, None] = field(default_factory=OrderedDict)
    terms: dict[ClientId, tuple[Client, Terms]] = field(default_factory=dict)
    resources: Mapping[str, Resource] | None = None


class Catalog:
    """One realm's configuration. Every method may raise StoreUnavailable."""

    __slots__ = ("_clock", "_freshness", "_known", "_last_resources", "_reader", "realm_id")

    def __init__(
        self, reader: AsksConfiguration, realm_id: RealmId, clock: Clock, freshness: Freshness | None = None
    ) -> None:
        """`freshness`: shared with others who remember things of this realm, so that all ask once."""
        self.realm_id: Final = realm_id
        self._reader = reader
        self._clock = clock
        self._freshness = Freshness(reader, clock) if freshness is None else freshness
        self._known: _Known | None = None
        self._last_resources: Mapping[str, Resource] | None = None

    async def realm(self) -> Realm:
        """The realm. LookupError: there is none any more."""
        return (self._recent() or await self._current()).realm

    async def client(self, client_id: ClientId) -> Client | None:
        """The registered client, also when it is disabled."""
        known = self._recent() or await self._current()
        client = known.clients.get(client_id)
        if client is not None:
            known.clients.move_to_end(client_id)
            return client
        if client_id in known.missing:
            return None
        client = await self._reader.client(client_id)
        if client is None:
            _keep(known.missing, client_id, None, MOST_MISSING)
            return None
        for dropped in _keep(known.clients, client_id, client, MOST_CLIENTS):
            known.terms.pop(dropped, None)
        return client

    async def resources(self) -> Mapping[str, Resource]:
        """All registered APIs by identifier."""
        return await self._resources(self._recent() or await self._current())

    async def last_resources(self) -> Mapping[str, Resource]:
        """As `resources`, or those last seen if the store does not answer within a second: for descriptions only.

        Raises StoreUnavailable if none were ever seen.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self.resources()
        except (StoreUnavailable, TimeoutError):
            if self._last_resources is None:
                raise StoreUnavailable("the resources were never read") from None
            return self._last_resources

    async def policy(self, client: Client) -> Policy:
        """The policy a grant of this client lives under now."""
        return (await self.terms(client)).policy

    async def terms(self, client: Client) -> Terms:
        """Realm, policy and resources at once, as a token request needs them."""
        known = self._recent() or await self._current()
        found = known.terms.get(client.id)
        # Of the very client that was asked for: a caller may still hold the one of a version before.
        if found is not None and found[0] is client:
            return found[1]
        policy = effective(client.profile, known.realm.policy, client.policy)
        terms = Terms(known.realm, policy, await self._resources(known))
        if known.clients.get(client.id) is client:
            known.terms[client.id] = (client, terms)
        return terms

    def forget(self) -> None:
        """After a change that this process made itself: it is felt here at once."""
        self._freshness.forget()
        self._known = None

    def _recent(self) -> _Known | None:
        """What is known, if it is still so: without waiting for anybody, because every request asks several times."""
        known, realm = self._known, self._freshness.recent(self._clock())
        return known if known is not None and realm is not None and known.realm.version == realm.version else None

    async def _current(self) -> _Known:
        realm = await self._freshness.realm()
        known = self._known
        if known is None or known.realm.version != realm.version:
            known = self._known = _Known(realm)
        return known

    async def _resources(self, known: _Known) -> Mapping[str, Resource]:
        if known.resources is None:
            read = MappingProxyType({r.identifier: r for r in await self._reader.resources()})
            known.resources = self._last_resources = read
        return known.resources


def _keep(entries: OrderedDict[K, V], key: K, value: V, most: int) -> list[K]:
    """Add an entry; the keys that had to go, least recently used first."""
    entries[key] = value
    return [entries.popitem(last=False)[0] for _ in range(len(entries) - most)]
