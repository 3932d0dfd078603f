"""The whole client against an issuer that somebody else wrote, where each refresh token works once."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from evergrant.client import AsyncClient, Client, Issuer, MemoryVault, SignInReason, SignInRequired, TokenSet
from evergrant.testing.clock import ManualClock
from tests.client.signing_in import SEAL, now
from tests.support.middleman import Middleman, middleman
from tests.support.oidc_provider import API, REDIRECT_URI, OidcProvider

EXPIRED = 300_000  # ms


@dataclass(frozen=True, slots=True)
class Abroad:
    """A client there, on a clock of its own."""

    client: Client
    clock: ManualClock
    between: Middleman
    provider: OidcProvider

    def sign_in(self) -> TokenSet:
        """Somebody new."""
        begun = self.client.begin_sign_in(REDIRECT_URI, "openid offline_access", SEAL, extra={"prompt": "consent"})
        signed_in = self.client.finish_sign_in(self.provider.sign_in(begun.url), begun.sealed, SEAL)
        assert signed_in.claims is not None
        return signed_in.tokens


@pytest.fixture
def abroad(oidc_provider: OidcProvider) -> Iterator[Abroad]:
    clock = ManualClock(now())
    issuer = Issuer.discover(oidc_provider.issuer, clock=clock)
    known = oidc_provider.confidential
    with middleman(issuer.provider.token_endpoint) as between:
        issuer = replace(issuer, provider=replace(issuer.provider, token_endpoint=between.url))
        yield Abroad(issuer.client(known.client_id, known.client_secret), clock, between, oidc_provider)


async def test_fifty_tasks_at_expiry_cause_one_request_and_the_session_lives(abroad: Abroad) -> None:
    session = AsyncClient(abroad.client).session(MemoryVault(), "ada")
    await session.keep(await asyncio.to_thread(abroad.sign_in))

    for _ in range(3):
        abroad.clock.advance(EXPIRED)
        tokens = await asyncio.gather(*(session.tokens() for _ in range(50)))
        assert len({each.access_token for each in tokens}) == 1

    assert abroad.between.refreshes == 3
    last = await session.tokens()
    assert (await AsyncClient(abroad.client).userinfo(last.access_token, subject=last.subject))["sub"] == last.subject


def test_where_a_lost_answer_cannot_be_had_again_a_person_is_asked(abroad: Abroad) -> None:
    """The issuer takes the second use of the token for theft: a typed answer, not a loop and not a mystery."""
    session = abroad.client.session(MemoryVault(), "ada")
    session.keep(abroad.sign_in())
    abroad.clock.advance(EXPIRED)
    abroad.between.then("cut")

    with pytest.raises(SignInRequired) as ended:
        session.tokens()

    assert ended.value.reason is SignInReason.ENDED
    assert abroad.between.refreshes == 2


def test_an_outage_there_costs_no_session(abroad: Abroad) -> None:
    session = abroad.client.session(MemoryVault(), "ada")
    session.keep(abroad.sign_in())
    abroad.clock.advance(EXPIRED)
    abroad.between.then(503)

    with pytest.raises(Exception, match="503"):
        session.tokens()
    abroad.clock.advance(2_000)

    assert session.tokens().revision == 2


def test_a_session_is_ended_there(abroad: Abroad) -> None:
    session = abroad.client.session(MemoryVault(), "ada")
    tokens = abroad.sign_in()
    session.keep(tokens)

    session.revoke()

    with pytest.raises(SignInRequired):
        abroad.client.refresh(tokens)


def test_a_token_for_an_api_is_asked_for_by_its_resource(abroad: Abroad) -> None:
    """RFC 8707."""
    begun = abroad.client.begin_sign_in(
        REDIRECT_URI, "openid offline_access api:read", SEAL, resource=API, extra={"prompt": "consent"}
    )

    tokens = abroad.client.finish_sign_in(abroad.provider.sign_in(begun.url), begun.sealed, SEAL).tokens

    assert tokens.access_token.reveal().count(".") == 2
