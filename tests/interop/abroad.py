"""Our client at an issuer that somebody else wrote, where each refresh token works once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from evergrant.client import Client, Issuer, Seal, SignedIn, TokenSet
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis
from evergrant.testing.clock import ManualClock
from tests.client.signing_in import now
from tests.support.middleman import Middleman, middleman
from tests.support.oidc_provider import REDIRECT_URI, ForeignClient, OidcProvider

SCOPE: Final = "openid profile offline_access api:read"
SEAL: Final = Seal(Secret("an application's own secret, long enough"))

CONSENT: Final = {"prompt": "consent"}
"""Without it that issuer gives no refresh token."""


@dataclass(frozen=True, slots=True)
class Abroad:
    """A client there. Its requests for tokens pass through `between`."""

    provider: OidcProvider
    client: Client
    between: Middleman

    def sign_in(self, resource: str | None = None) -> SignedIn:
        """Somebody, by code and PKCE, as in a web application."""
        begun = self.client.begin_sign_in(REDIRECT_URI, SCOPE, SEAL, resource=resource, extra=CONSENT)
        return self.client.finish_sign_in(self.provider.sign_in(begun.url), begun.sealed, SEAL)

    def process(self) -> Client:
        """The same client, as another process would make it: nothing is shared but the vault."""
        return self.client.issuer.client(self.client.identity.client_id, self.client.identity.secret)


@contextmanager
def abroad(provider: OidcProvider, known: ForeignClient) -> Iterator[Abroad]:
    """That client, known by the issuer's URL alone."""
    issuer = Issuer.discover(provider.issuer, clock=ManualClock(now()))
    with middleman(issuer.provider.token_endpoint) as between:
        issuer = replace(issuer, provider=replace(issuer.provider, token_endpoint=between.url))
        yield Abroad(provider, issuer.client(known.client_id, known.client_secret), between)


def expired(tokens: TokenSet) -> TokenSet:
    """As they are when they have lived for an hour: the clocks stay right, and new ID tokens can be checked."""
    hour = 3_600_000
    assert tokens.expires_at is not None
    return replace(tokens, obtained_at=Millis(tokens.obtained_at - hour), expires_at=Millis(tokens.expires_at - hour))
