"""The whole server as HTTP sees it: its issuers, its readiness, and the rules of the door."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol

from evergrant.core.ports.world import Clock, Random
from evergrant.server.issuer import Issuer
from evergrant.server.journal import Journal
from evergrant.server.metrics import Metrics

Network = IPv4Network | IPv6Network


class Issuers(Protocol):
    """The realms that are served, made when they are first asked for."""

    async def find(self, realm_name: str, /) -> Issuer | None:
        """The issuer of that realm, `default` for the root; None if there is none. Raises StoreUnavailable."""
        ...


class Readiness(Protocol):
    """Asks store, schema, keys and clocks."""

    async def __call__(self) -> Mapping[str, str]:
        """What is not ready, by check, each with a sentence; empty when all is."""
        ...


@dataclass(frozen=True, slots=True)
class DoorRules:
    """`proxies`: peers whose forwarding headers are believed. `hosts`: lower-case names with port where it is not the
    scheme's own; None lets every Host in (an embedding program has its own door). `metrics`: who may read /metrics.
    """

    proxies: tuple[Network, ...]
    hosts: frozenset[str] | None
    metrics: tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class Serving:
    """Handed to the door once; nothing in it changes."""

    issuers: Issuers
    readiness: Readiness
    metrics: Metrics
    journal: Journal
    clock: Clock
    random: Random
    rules: DoorRules
