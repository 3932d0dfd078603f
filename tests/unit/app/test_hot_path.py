"""What a token request may not cost (design/performance.md): store accesses, password hashes, RSA signatures."""

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import argon2
import httpx2
import pytest

from evergrant.app.settings import load_settings
from evergrant.app.wiring import application
from evergrant.core.ports.ledger import Done
from evergrant.server.engine.operators.clients import ClientUpdate
from evergrant.server.keyring import SealedElsewhere
from evergrant.server.log import open_log
from evergrant.store.memory import MemoryStore
from evergrant.testing.clock import ManualClock
from tests.replies import Reply
from tests.support.counting import CountingStore
from tests.world import SECOND, World


@dataclass(frozen=True, slots=True)
class Server:
    """The whole application on a store in memory."""

    http: httpx2.AsyncClient
    store: CountingStore
    clock: ManualClock
    demo: dict[str, Any]

    async def post(self, path: str, client: str, **fields: str) -> dict[str, Any]:
        answer = await self.http.post(path, data={**self.demo["clients"][client], **fields})
        assert answer.status_code == 200, answer.text
        return cast(dict[str, Any], answer.json())

    async def sign_in(self) -> dict[str, Any]:
        return await self.post("/token", "demo-legacy", grant_type="password", **self.demo["user"])

    async def renew(self, token: str) -> str:
        told = await self.post("/token", "demo-legacy", grant_type="refresh_token", refresh_token=token)
        return str(told["refresh_token"])


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    store, clock = CountingStore(MemoryStore()), ManualClock()
    settings = load_settings(tmp_path / "data")
    log = open_log("json", "info", clock, io.StringIO())
    app = application(settings, log, clock=clock, store_at=lambda *_: store)
    await app.start()
    demo = json.loads((settings.data_dir / "demo.json").read_text())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=settings.issuer) as http:
        yield Server(http, store, clock, demo)
    await app.close()


async def test_client_credentials_ask_the_store_nothing(server: Server) -> None:
    await server.post("/token", "demo-service", grant_type="client_credentials")
    server.store.asked.clear()

    for _ in range(20):
        await server.post("/token", "demo-service", grant_type="client_credentials")
    assert server.store.asked == []

    # Once a second, whether anything has changed: client, policy, resources and keys share the question.
    server.clock.advance(SECOND)
    for _ in range(20):
        await server.post("/token", "demo-service", grant_type="client_credentials")
    assert server.store.asked == ["realm"]


async def test_a_refresh_is_one_read_and_one_write(server: Server) -> None:
    token = (await server.sign_in())["refresh_token"]
    token = await server.renew(token)
    server.store.asked.clear()

    for _ in range(5):
        token = await server.renew(token)

    assert server.store.asked == ["grant", "renew"] * 5


async def test_a_retry_is_one_read(server: Server) -> None:
    spent = (await server.sign_in())["refresh_token"]
    await server.renew(spent)
    server.store.asked.clear()

    await server.renew(spent)

    assert server.store.asked == ["grant"]


async def test_every_introspection_asks_whether_the_token_still_lives(server: Server) -> None:
    """What was verified is remembered; that it was not revoked never is (S-044)."""
    token = (await server.sign_in())["access_token"]
    await server.post("/introspect", "demo-legacy", token=token)
    server.store.asked.clear()

    for _ in range(3):
        assert (await server.post("/introspect", "demo-legacy", token=token))["active"] is True
    assert sorted(server.store.asked) == ["grant"] * 3 + ["is_claimed"] * 3

    await server.http.post("/revoke", data={**server.demo["clients"]["demo-legacy"], "token": token})
    assert await server.post("/introspect", "demo-legacy", token=token) == {"active": False}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A realm whose RSA key nobody can open: whoever needs an RSA signature fails."""
    store = MemoryStore()
    made = await World.begin(lambda: store)
    keys = [replace(key, sealed_private=b"?" * 60) for key in await made.store.signing_keys() if key.alg == "RS256"]
    version = (await made.store.realm()).version
    assert keys
    assert isinstance(await made.store.save_keys(keys, version=version, events=()), Done)
    made.advance(SECOND)
    yield made
    await made.close()


@pytest.mark.parametrize("scope", ["openid offline_access a b", "offline_access a b"])
async def test_a_refresh_needs_no_password_hash_and_no_rsa(
    world: World, scope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`web` and `service` are registered for ID tokens by ES256; `service` proves itself with a secret."""
    hashed: list[object] = []
    monkeypatch.setattr(argon2.PasswordHasher, "verify", lambda *given, **_: hashed.append(given))
    monkeypatch.setattr(argon2.PasswordHasher, "hash", lambda *given, **_: hashed.append(given))
    for client in ("web", "service"):
        first = await world.sign_in(scope, client)

        second = await world.refresh(first, client)
        retried = await world.refresh(first, client)

        assert [has_id_token(reply) for reply in (second, retried)] == ["openid" in scope] * 2
    assert hashed == []


def has_id_token(reply: Reply) -> bool:
    """The new refresh token is always there."""
    assert reply.refresh_token.reveal()
    return reply.given.id_token is not None


async def test_the_watch_sees_rsa_and_password_hashes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above would notice: these do need them."""
    hashed: list[object] = []

    def verify(*given: object) -> bool:
        hashed.append(given)
        return True

    monkeypatch.setattr(argon2.PasswordHasher, "verify", verify)
    await world.sign_in_by_password()
    assert hashed

    first = await world.sign_in()
    await world.update_client("web", ClientUpdate(id_token_alg="RS256"))
    with pytest.raises(SealedElsewhere):
        await world.refresh(first)
