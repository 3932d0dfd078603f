"""Realm, clients, resources and policies in process memory, never more than a second behind the store."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

from evergrant.core.facts import Client, Realm, Resource
from evergrant.core.policy import Policy, effective
from evergrant.core.ports.world import Clock
from evergrant.protocol.values import ClientId, RealmId
from evergrant.server.freshness import AsksRealm, Freshness

K = TypeVar("K")
V = TypeVar("V")

MOST_CLIENTS: Final = 10_000
MOST_MISSING: Final = 1_000
"""Ids that are no client's. Kept apart, so that made-up ids push no real client out of memory."""


class AsksConfiguration(AsksRealm, Protocol):
    """What the catalog asks of a Reader."""

    async def client(self, client_id: ClientId, /) -> Client | None: ...

    async def resources(self) -> tuple[Resource, ...]: ...


@dataclass(slots=True)
class _Known:
    """What was read under one version of the realm. A new version begins a new one.

    A read that began under the old version ends in the old one and is gone with it.
    """

    realm: Realm
    clients: OrderedDict[ClientId, Client] = field(default_factory=OrderedDict)
    missing: OrderedDict[ClientId, None] = field(default_factory=OrderedDict)
    policies: dict[ClientId, tuple[Client, Policy]] = field(default_factory=dict)
    resources: Mapping[str, Resource] | None = None


class Catalog:
    """One realm's configuration. Every method may raise StoreUnavailable."""

    __slots__ = ("_freshness", "_known", "_reader", "realm_id")

    def __init__(self, reader: AsksConfiguration, realm_id: RealmId, clock: Clock) -> None:
        self.realm_id: Final = realm_id
        self._reader = reader
        self._freshness = Freshness(reader, clock)
        self._known: _Known | None = None

    async def realm(self) -> Realm:
        """The realm. LookupError: there is none any more."""
        return (await self._current()).realm

    async def client(self, client_id: ClientId) -> Client | None:
        """The registered client, also when it is disabled."""
        known = await self._current()
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
            known.policies.pop(dropped, None)
        return client

    async def resources(self) -> Mapping[str, Resource]:
        """All registered APIs by identifier."""
        known = await self._current()
        if known.resources is None:
            known.resources = MappingProxyType({r.identifier: r for r in await self._reader.resources()})
        return known.resources

    async def policy(self, client: Client) -> Policy:
        """The policy a grant of this client lives under now."""
        known = await self._current()
        found = known.policies.get(client.id)
        # Of the very client that was asked for: a caller may still hold the one of a version before.
        if found is not None and found[0] is client:
            return found[1]
        policy = effective(client.profile, known.realm.policy, client.policy)
        if known.clients.get(client.id) is client:
            known.policies[client.id] = (client, policy)
        return policy

    def forget(self) -> None:
        """After a change that this process made itself: it is felt here at once."""
        self._freshness.forget()
        self._known = None

    async def _current(self) -> _Known:
        realm = await self._freshness.realm()
        known = self._known
        if known is None or known.realm.version != realm.version:
            known = self._known = _Known(realm)
        return known


def _keep(entries: OrderedDict[K, V], key: K, value: V, most: int) -> list[K]:
    """Add an entry; the keys that had to go, least recently used first."""
    entries[key] = value
    return [entries.popitem(last=False)[0] for _ in range(len(entries) - most)]
