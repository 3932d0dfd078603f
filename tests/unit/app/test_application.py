"""The server as one ASGI application in somebody else's program."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Message

from evergrant.app import create_app
from evergrant.app.application import Application
from evergrant.app.settings import load_settings


@pytest.fixture(autouse=True)
def no_settings_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVERGRANT_TEST_RUN", raising=False)


def mounted(folder: Path) -> Application:
    return create_app(load_settings(folder, issuer="http://localhost/auth", log={"level": "error"}))


def client(app: object, base: str = "http://localhost") -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=base)  # type: ignore[arg-type]  # any ASGI


async def test_mounted_without_its_lifespan_it_starts_with_the_first_request(tmp_path: Path) -> None:
    app = mounted(tmp_path)
    try:
        async with client(Starlette(routes=[Mount("/auth", app)])) as http:
            document = (await http.get("/auth/.well-known/openid-configuration")).json()
            keys = (await http.get("/auth/jwks")).json()
        assert document["issuer"] == "http://localhost/auth"
        assert document["token_endpoint"] == "http://localhost/auth/token"
        assert {key["alg"] for key in keys["keys"]} == {"ES256", "RS256"}
    finally:
        await app.close()


async def test_a_program_may_start_and_close_it_with_its_own_lifespan(tmp_path: Path) -> None:
    app = mounted(tmp_path)

    @asynccontextmanager
    async def lifespan(_outer: FastAPI) -> AsyncIterator[None]:
        await app.start()
        yield
        await app.close()

    outer = FastAPI(lifespan=lifespan)
    outer.mount("/auth", app)
    async with outer.router.lifespan_context(outer), client(outer) as http:
        assert (await http.get("/auth/readyz")).json() == {"status": "ready"}
        assert (await http.get("/openapi.json")).status_code == 200


async def test_two_servers_in_one_program_share_nothing(tmp_path: Path) -> None:
    one = create_app(load_settings(tmp_path, data_dir="one", log={"level": "error"}))
    two = create_app(load_settings(tmp_path, data_dir="two", log={"level": "error"}))
    try:
        async with client(one, "http://localhost:8000") as first, client(two, "http://localhost:8000") as second:
            mine, yours = (await first.get("/jwks")).json(), (await second.get("/jwks")).json()
        kids = [{key["kid"] for key in document["keys"]} for document in (mine, yours)]
        assert not kids[0] & kids[1]
    finally:
        await one.close()
        await two.close()


async def test_an_unknown_host_is_misdirected_and_builds_no_link(tmp_path: Path) -> None:
    """R-035: links are never built from what a request says."""
    app = mounted(tmp_path)
    try:
        async with client(Starlette(routes=[Mount("/auth", app)]), "http://evil.example") as http:
            answer = await http.get("/auth/.well-known/openid-configuration")
        assert answer.status_code == 421
        assert "evil" not in answer.text
    finally:
        await app.close()


async def test_the_first_requests_at_once_start_it_once(tmp_path: Path) -> None:
    import anyio

    app = mounted(tmp_path)
    answered: list[int] = []
    try:
        async with client(Starlette(routes=[Mount("/auth", app)])) as http:

            async def ask() -> None:
                answered.append((await http.get("/auth/jwks")).status_code)

            async with anyio.create_task_group() as group:
                for _ in range(8):
                    group.start_soon(ask)
        assert answered == [200] * 8
    finally:
        await app.close()


async def test_while_the_store_is_down_it_says_503_and_tries_again(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, database={"url": "postgresql://nobody@127.0.0.1:1/none"}, log={"level": "error"})
    app = create_app(settings)

    async with client(app, "http://localhost:8000") as http:
        first, second = await http.get("/jwks"), await http.get("/jwks")

    assert [answer.status_code for answer in (first, second)] == [503, 503]
    assert first.headers["retry-after"] == "2"
    told = first.json()
    assert (told["error"], told["correlation_id"]) == ("temporarily_unavailable", first.headers["x-correlation-id"])


async def test_a_start_that_fails_is_told_to_the_program_that_runs_it(tmp_path: Path) -> None:
    settings = load_settings(
        tmp_path,
        env="production",
        issuer="https://login.example.com",
        master_key="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        database={"url": f"sqlite:///{tmp_path / 'empty.db'}"},
        log={"level": "error"},
    )
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    await create_app(settings)({"type": "lifespan"}, receive, send)

    (answer,) = sent
    assert answer["type"] == "lifespan.startup.failed"
    assert "evergrant db upgrade" in answer["message"]
