"""Somebody who signs in to the demo application, and what the client then has."""

import gc
from dataclasses import dataclass, replace
from time import time_ns

import httpx2

from evergrant.cli.trying.forms import Person, walk
from evergrant.client import Client, ClientError, Issuer, Seal, SignedIn, Vault
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis
from evergrant.testing.clock import ManualClock
from tests.support.middleman import Middleman
from tests.support.server import Server

REDIRECT_URI = "http://127.0.0.1/callback"
SCOPE = "openid profile offline_access"
SEAL = Seal(Secret("an application's own secret, long enough"))


def now() -> Millis:
    """By this machine's clock, as the server's is."""
    return Millis(time_ns() // 1_000_000)


@dataclass(frozen=True, slots=True)
class Away:
    """A client on a clock of its own, whose requests for tokens pass through `between`."""

    server: Server
    client: Client
    clock: ManualClock
    between: Middleman

    def sign_in(self, scope: str = SCOPE) -> SignedIn:
        """The demo person, by forms."""
        return sign_in(self.server, self.client, scope)

    def failure_in_passing(self, vault: Vault) -> type[ClientError] | None:
        """What becomes of a request for a token by a session that nobody holds on to, as web applications make them.

        Nothing of it is left behind, nor its error: the traceback would keep the session alive.
        """
        failure: type[ClientError] | None = None
        try:
            self.client.session(vault, "ada").tokens()
        except ClientError as error:
            failure = type(error)
        gc.collect()
        return failure

    def process(self) -> Client:
        """The same client, as another process would make it: nothing is shared but the vault."""
        return self.client.issuer.client(self.client.identity.client_id, self.client.identity.secret)


def away(server: Server, between: Middleman, client_id: str) -> Away:
    """The demo client of that name."""
    clock = ManualClock(now())
    issuer = Issuer.discover(server.base_url, clock=clock)
    issuer = replace(issuer, provider=replace(issuer.provider, token_endpoint=between.url))
    return Away(server, issuer.client(client_id, server.demo.clients[client_id].client_secret), clock, between)


def sign_in(server: Server, client: Client, scope: str = SCOPE) -> SignedIn:
    """The demo person signs in, as in a web application."""
    begun = client.begin_sign_in(REDIRECT_URI, scope, SEAL)
    return client.finish_sign_in(come_back(server, begun.url), begun.sealed, SEAL)


def come_back(server: Server, url: str) -> str:
    """Where the browser of the demo person is sent at last."""
    with httpx2.Client(timeout=20) as browser:
        redirect_uri = httpx2.URL(url).params["redirect_uri"]
        came_back, _ = walk(browser, url, redirect_uri, Person(server.demo.username, Secret(server.demo.password)))
    return came_back
