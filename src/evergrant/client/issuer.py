"""An issuer, known by its URL alone. OpenID Connect Discovery §4, RFC 8414 §3."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx2

from evergrant.client import system
from evergrant.client.client import Client
from evergrant.client.errors import ProtocolError
from evergrant.client.exchange import Identity, Request, check_available, read_json
from evergrant.client.key_ring import KeyRing
from evergrant.client.transport import Transport
from evergrant.client.world import Clock, Random
from evergrant.protocol.provider import BadMetadata, Provider, read_metadata, well_known_urls
from evergrant.protocol.secret import Secret


@dataclass(frozen=True, slots=True)
class Issuer:
    """What is known of an issuer, and the way to it. Any thread may use it."""

    provider: Provider
    transport: Transport = field(repr=False)
    key_ring: KeyRing = field(repr=False)
    random: Random = field(repr=False)

    @classmethod
    def discover(
        cls,
        url: str,
        *,
        http: httpx2.Client | None = None,
        clock: Clock = system.clock,
        random: Random = system.random,
    ) -> Issuer:
        """Read the discovery document. `url` is the issuer as it writes itself, byte by byte.

        `http` is for proxies or certificates of your own; it is not closed here, and a forked child needs another.
        Raises IssuerUnavailable; ProtocolError if there is no document, or none of this issuer.
        """
        transport = Transport(http, clock, system.stopwatch_s)
        for address in well_known_urls(url):
            answer = transport.send(Request("GET", address, {"Accept": "application/json"}))
            check_available(answer)
            if answer.status == 200:
                break
        else:
            raise ProtocolError(f"{url} has no discovery document")
        try:
            provider = read_metadata(url, read_json(answer.body))
        except BadMetadata as problem:
            raise ProtocolError(f"the discovery document cannot be believed: {problem}") from None
        return cls(provider, transport, KeyRing(provider, transport), random)

    def client(self, client_id: str, secret: Secret | str | None = None) -> Client:
        """A client that is registered there. Without a secret it is public."""
        return Client(self, Identity(client_id, Secret(secret) if isinstance(secret, str) else secret))
