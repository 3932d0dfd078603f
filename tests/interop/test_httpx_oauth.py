"""httpx-oauth: it knows the requests, and leaves it to its caller when to send them."""

import asyncio
import hashlib
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import httpx
import pytest
from httpx_oauth.clients.openid import OpenID
from httpx_oauth.oauth2 import OAuth2, OAuth2Token, RefreshTokenError

from tests.interop.at_expiry import CALLS, LONG_AGO, ONE_FOR_ALL, REDIRECT_URI, SCOPE, refreshes, sign_in, standing
from tests.support.server import Server

VERIFIER: Final = "a-verifier-of-the-caller".ljust(43, "x")
CHALLENGE: Final = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
async def api() -> AsyncIterator[httpx.AsyncClient]:
    """One for all calls of a test: to open one takes longer than to call."""
    async with httpx.AsyncClient() as http:
        yield http


@dataclass(slots=True)
class Session:
    """What a program around this library keeps: a token, refreshed by whoever finds it expired."""

    server: Server
    provider: OAuth2
    token: OAuth2Token

    def expire(self) -> None:
        self.token = OAuth2Token({**self.token, "expires_at": LONG_AGO})

    async def call_api(self, api: httpx.AsyncClient) -> tuple[int, str]:
        """Status, and whom the API thinks it speaks with."""
        if self.token.is_expired():
            self.token = await self.provider.refresh_token(self.token["refresh_token"])
        sent = {"Authorization": f"Bearer {self.token['access_token']}"}
        answer = await api.get(f"{self.server.base_url}/userinfo", headers=sent)
        return answer.status_code, answer.json().get("name", "")


async def signed_in(server: Server, provider: OAuth2) -> Session:
    """The demo user has signed in."""
    url = await provider.get_authorization_url(
        REDIRECT_URI, state="state-1", scope=SCOPE.split(), code_challenge=CHALLENGE, code_challenge_method="S256"
    )
    came_back = httpx.URL(sign_in(server, url)).params
    assert came_back["state"] == "state-1"
    token = await provider.get_access_token(came_back["code"], REDIRECT_URI, code_verifier=VERIFIER)
    return Session(server, provider, token)


def by_discovery(server: Server) -> OpenID:
    """demo-service, known by the discovery document alone; it authenticates by Basic."""
    demo = server.demo.clients["demo-service"]
    return OpenID(demo.client_id, demo.client_secret or "", f"{server.base_url}/.well-known/openid-configuration")


def by_hand(server: Server, name: str) -> OAuth2:
    """A demo client with every endpoint given; it authenticates in the form, a public one with an empty secret."""
    demo, base = server.demo.clients[name], server.base_url
    return OAuth2(demo.client_id, demo.client_secret or "", f"{base}/authorize", f"{base}/token", f"{base}/token")


async def test_with_discovery_and_a_verifier_of_the_caller_it_signs_in_refreshes_and_reads_the_profile(
    server: Server, api: httpx.AsyncClient
) -> None:
    provider = by_discovery(server)
    session = await signed_in(server, provider)
    before = refreshes(server)
    first = await provider.get_profile(session.token["access_token"])

    session.expire()
    called = await session.call_api(api)

    assert called == (200, "Ada")
    assert refreshes(server) - before == Counter(renew=1)
    assert await provider.get_profile(session.token["access_token"]) == first
    assert await provider.get_id_email(session.token["access_token"]) == (first["sub"], "ada@example.com")


@pytest.mark.parametrize("client", ["demo-web", "demo-service"])
async def test_eight_tasks_at_expiry_all_succeed_and_the_session_lives(
    server: Server, api: httpx.AsyncClient, client: str
) -> None:
    session = await signed_in(server, by_hand(server, client))
    before = refreshes(server)

    session.expire()
    called = await asyncio.gather(*(session.call_api(api) for _ in range(CALLS)))

    assert called == [(200, "Ada")] * CALLS
    assert refreshes(server) - before == ONE_FOR_ALL
    session.expire()
    assert await session.call_api(api) == (200, "Ada")
    assert standing(server, session.token["access_token"]) == ("active", 3)


async def test_eight_refreshes_of_one_token_by_basic_give_one_successor(server: Server) -> None:
    session = await signed_in(server, by_discovery(server))
    old = session.token["refresh_token"]

    renewed = await asyncio.gather(*(session.provider.refresh_token(old) for _ in range(CALLS)))

    assert len({token["refresh_token"] for token in renewed}) == 1
    assert old not in {token["refresh_token"] for token in renewed}
    assert len({token["access_token"] for token in renewed}) == CALLS


async def test_after_it_revokes_a_refresh_is_refused_with_what_the_specification_says(server: Server) -> None:
    """RFC 7009 §2.2, RFC 6749 §5.2"""
    session = await signed_in(server, by_discovery(server))

    await session.provider.revoke_token(session.token["refresh_token"], "refresh_token")

    with pytest.raises(RefreshTokenError) as refused:
        await session.provider.refresh_token(session.token["refresh_token"])
    assert refused.value.response is not None
    assert (refused.value.response.status_code, refused.value.response.json()["error"]) == (400, "invalid_grant")
