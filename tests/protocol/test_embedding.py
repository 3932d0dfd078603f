"""`create_app` inside somebody else's program. No globals: two servers in one process share nothing."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from evergrant.app import create_app
from evergrant.app.application import Application
from evergrant.app.settings import Settings, load_settings
from tests.protocol.movable_clock import MovableClock
from tests.protocol.operator_desk import Desk
from tests.protocol.program import Program
from tests.protocol.registry import Registry
from tests.protocol.served import LogLines, Served, body, error, listen, serve_app
from tests.support.postgres import PostgresServer

Host = Callable[[Application, bool], Any]


async def hello(_request: Request) -> Response:
    return PlainTextResponse("our own page")


def in_starlette(evergrant: Application, with_lifespan: bool) -> Starlette:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await evergrant.start()
        yield
        await evergrant.close()

    routes = [Route("/", hello), Mount("/auth", app=evergrant)]
    return Starlette(routes=routes, lifespan=lifespan if with_lifespan else None)


def in_fastapi(evergrant: Application, with_lifespan: bool) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await evergrant.start()
        yield
        await evergrant.close()

    app = FastAPI(lifespan=lifespan if with_lifespan else None)
    app.mount("/auth", evergrant)
    app.get("/", response_class=PlainTextResponse)(lambda: "our own page")
    return app


@contextmanager
def embedded(folder: Path, host: Host, *, with_lifespan: bool = True) -> Iterator[Served]:
    """Somebody else's program, served, with Evergrant below /auth."""
    listener = listen()
    port = listener.getsockname()[1]
    folder.mkdir(exist_ok=True)
    settings: Settings = load_settings(folder, issuer=f"http://localhost:{port}/auth", listen={"port": port})
    evergrant = create_app(settings)
    clock = MovableClock()
    with serve_app(host(evergrant, with_lifespan), listener), httpx2.Client(timeout=30) as http:
        registry = Registry(settings, clock)
        # Where nobody runs a lifespan, the first request starts it.
        assert http.get(f"http://localhost:{port}/auth/healthz").status_code == 200
        desk = Desk(settings, clock, registry)
        yield Served(f"http://localhost:{port}/auth", settings, clock, LogLines(), registry, desk, http)


@pytest.mark.parametrize("with_lifespan", [True, False])
@pytest.mark.parametrize("host", [in_starlette, in_fastapi])
def test_the_whole_loop_works_below_a_path(tmp_path: Path, host: Host, with_lifespan: bool) -> None:
    with embedded(tmp_path / "data", host, with_lifespan=with_lifespan) as server:
        program, user = Program(server, server.registry.client()), server.registry.user()

        code = program.ask(user)
        tokens = program.renewed(body(program.exchange(code))["refresh_token"])

        assert code.landing.parameters["iss"] == program.claims(tokens["access_token"])["iss"] == server.url
        assert body(server.http.get(f"{server.url}/.well-known/openid-configuration"))["issuer"] == server.url
        assert program.introspect(tokens["access_token"])["active"] is True
        assert program.userinfo(tokens["access_token"]).status_code == 200
        assert server.http.get(server.url.removesuffix("/auth") + "/").text.strip('"') == "our own page"


def test_pages_and_errors_stay_below_the_path(tmp_path: Path) -> None:
    with embedded(tmp_path / "data", in_starlette) as server:
        origin = server.url.removesuffix("/auth")
        links = [part.partition('"')[0] for part in server.http.get(f"{server.url}/").text.split('href="/')[1:]]

        assert links
        assert [link for link in links if not link.startswith("auth/")] == []
        assert error(server.http.get(f"{server.url}/nothing")) == (404, "invalid_request")
        assert server.http.get(f"{origin}/token").status_code == 404


def test_realms_live_below_the_path_too(tmp_path: Path) -> None:
    with embedded(tmp_path / "data", in_starlette) as server:
        server.desk.new_realm("shop")
        program = Program(server, server.registry.client(realm="shop"))

        token = body(program.token(grant_type="client_credentials"))["access_token"]

        assert program.claims(token)["iss"] == f"{server.url}/realms/shop"


def test_two_servers_in_one_process_share_nothing(tmp_path: Path) -> None:
    """house rule 9: no globals."""
    with embedded(tmp_path / "a", in_starlette) as one, embedded(tmp_path / "b", in_starlette) as two:
        here, there = Program(one, one.registry.client()), Program(two, two.registry.client())
        tokens = here.sign_in(one.registry.user())
        keys = [body(server.http.get(f"{server.url}/jwks"))["keys"] for server in (one, two)]

        assert {key["kid"] for key in keys[0]}.isdisjoint(key["kid"] for key in keys[1])
        assert there.introspect(tokens["access_token"]) == {"active": False}
        assert error(there.userinfo(tokens["access_token"])) == (401, "invalid_token")
        assert error(there.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
        assert error(Program(two, here.client).token(grant_type="client_credentials")) == (401, "invalid_client")
        assert 'endpoint="sign_in"' in one.http.get(f"{one.url}/metrics").text
        assert 'endpoint="sign_in"' not in two.http.get(f"{two.url}/metrics").text
        assert here.refresh(tokens["refresh_token"]).status_code == 200


def test_a_program_may_start_and_end_it_again(tmp_path: Path) -> None:
    """What was stored is there after a second start."""
    with embedded(tmp_path / "data", in_starlette) as server:
        client = server.registry.client()
        first = {key["kid"] for key in body(server.http.get(f"{server.url}/jwks"))["keys"]}
    with embedded(tmp_path / "data", in_starlette) as server:
        assert Program(server, client).token(grant_type="client_credentials").status_code == 200
        assert {key["kid"] for key in body(server.http.get(f"{server.url}/jwks"))["keys"]} == first


def test_a_store_that_is_down_at_the_first_request_may_be_up_at_the_next(
    tmp_path: Path, private_postgres: PostgresServer
) -> None:
    """Nobody has to start the host program again; S-047."""
    url = private_postgres.new_database()
    private_postgres.stop()
    listener = listen()
    port = listener.getsockname()[1]
    settings = load_settings(
        tmp_path, issuer=f"http://localhost:{port}/auth", listen={"port": port}, database={"url": url}
    )
    evergrant = create_app(settings)

    @asynccontextmanager
    async def only_closes(_: Starlette) -> AsyncIterator[None]:
        yield
        await evergrant.close()

    with serve_app(Starlette(routes=[Mount("/auth", app=evergrant)], lifespan=only_closes), listener):
        down = httpx2.post(f"http://localhost:{port}/auth/token", timeout=30)
        assert error(down) == (503, "temporarily_unavailable")
        assert 1 <= int(down.headers["retry-after"]) <= 5
        assert body(down)["correlation_id"] == down.headers["x-correlation-id"]

        private_postgres.start()
        assert httpx2.get(f"http://localhost:{port}/auth/readyz", timeout=30).status_code == 200
