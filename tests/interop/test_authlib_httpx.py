"""Authlib's AsyncOAuth2Client on httpx2: it refreshes by itself, one task at a time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import pytest
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import AsyncOAuth2Client

from tests.interop.at_expiry import CALLS, LONG_AGO, ONE_FOR_ALL, REDIRECT_URI, SCOPE, refreshes, sign_in, standing
from tests.support.server import Server

# The library has no types.
Client: TypeAlias = Any
SignedIn: TypeAlias = Callable[..., Awaitable[Client]]


@pytest.fixture
async def signed_in(server: Server) -> AsyncIterator[SignedIn]:
    """Signs the demo user in to a demo client, with the library's own PKCE, and gives the client."""
    opened: list[Client] = []

    async def sign_in_to(name: str, **options: object) -> Client:
        demo = server.demo.clients[name]
        client = AsyncOAuth2Client(
            demo.client_id,
            demo.client_secret,
            scope=SCOPE,
            redirect_uri=REDIRECT_URI,
            code_challenge_method="S256",
            token_endpoint=f"{server.base_url}/token",
            **options,
        )
        opened.append(client)
        verifier = generate_token(48)
        url, state = client.create_authorization_url(f"{server.base_url}/authorize", code_verifier=verifier)
        came_back = sign_in(server, url)
        await client.fetch_token(authorization_response=came_back, state=state, code_verifier=verifier)
        return client

    yield sign_in_to
    for client in opened:
        await client.aclose()


async def call_api(server: Server, client: Client) -> tuple[int, str]:
    """Status, and whom the API thinks it speaks with."""
    answer = await client.get(f"{server.base_url}/userinfo")
    return answer.status_code, answer.json().get("name", "")


async def test_a_call_after_expiry_refreshes_first_and_tells_its_user(server: Server, signed_in: SignedIn) -> None:
    told: list[dict[str, object]] = []

    async def keep(token: dict[str, object], refresh_token: str) -> None:
        told.append({"new": token["refresh_token"], "old": refresh_token})

    client = await signed_in("demo-web", update_token=keep)
    first, before = dict(client.token), refreshes(server)
    assert await call_api(server, client) == (200, "Ada")

    client.token["expires_at"] = LONG_AGO
    called = await call_api(server, client)

    assert called == (200, "Ada")
    assert refreshes(server) - before == Counter(renew=1)
    assert told == [{"new": client.token["refresh_token"], "old": first["refresh_token"]}]


async def test_eight_tasks_at_expiry_wait_for_one_refresh(server: Server, signed_in: SignedIn) -> None:
    client = await signed_in("demo-web")
    before = refreshes(server)

    client.token["expires_at"] = LONG_AGO
    called = await asyncio.gather(*(call_api(server, client) for _ in range(CALLS)))

    assert called == [(200, "Ada")] * CALLS
    assert refreshes(server) - before == Counter(renew=1)
    client.token["expires_at"] = LONG_AGO
    assert await call_api(server, client) == (200, "Ada")
    assert standing(server, client.token["access_token"]) == ("active", 3)


async def test_eight_tasks_whose_leeway_is_longer_than_a_token_lives_refresh_eight_times_with_one_token(
    server: Server, signed_in: SignedIn
) -> None:
    """Each holds the token that it looked at before it waited for the others."""
    successors: set[str] = set()

    async def keep(token: dict[str, str], refresh_token: str) -> None:
        successors.add(token["refresh_token"])

    client = await signed_in("demo-service", leeway=86_400, update_token=keep)
    before = refreshes(server)

    called = await asyncio.gather(*(call_api(server, client) for _ in range(CALLS)))

    assert called == [(200, "Ada")] * CALLS
    assert refreshes(server) - before == ONE_FOR_ALL
    assert successors == {client.token["refresh_token"]}
    assert await call_api(server, client) == (200, "Ada")
    assert standing(server, client.token["access_token"]) == ("active", 3)


async def test_eight_tasks_that_refresh_at_each_of_five_calls_keep_the_session(
    server: Server, signed_in: SignedIn
) -> None:
    """They take turns, so that none falls further behind than a retry may be."""
    client = await signed_in("demo-service", leeway=86_400)
    before = refreshes(server)

    async def call_five_times() -> list[tuple[int, str]]:
        return [await call_api(server, client) for _ in range(5)]

    called = await asyncio.gather(*(call_five_times() for _ in range(CALLS)))

    assert called == [[(200, "Ada")] * 5] * CALLS
    assert (refreshes(server) - before).keys() == {"renew", "redeliver"}
    assert (refreshes(server) - before).total() == 5 * CALLS
