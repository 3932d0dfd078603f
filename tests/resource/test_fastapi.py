"""The guard as a dependency of FastAPI."""

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Security, WebSocket
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from evergrant.resource import AccessToken, Guard, Resource, any_of
from evergrant.resource.fastapi import FastAPIGuard
from evergrant.resource.starlette import access_token
from evergrant.testing.issuer import CLIENT, FakeIssuer
from tests.resource.behaviour import (
    METADATA,
    METADATA_PATH,
    NEEDS,
    NOTES,
    OPEN,
    Api,
    ApiBehaviour,
    notes_guard,
    now,
    said,
)
from tests.resource.serving import asgi_served


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    notes = FastAPIGuard(notes_guard())
    app = FastAPI()
    notes.install(app)

    @app.get("/open")
    async def open_to_all() -> dict[str, object]:
        return OPEN

    for path, needs in NEEDS.items():

        async def told(token: Annotated[AccessToken, Depends(notes.require(needs=needs))]) -> dict[str, object]:
            return said(token)

        app.api_route(path, methods=["GET", "HEAD"])(told)
    with asgi_served(app) as port:
        yield Api(port, notes.guard)


class TestFastAPI(ApiBehaviour):
    """FastAPI."""


@pytest.fixture
def notes() -> FastAPIGuard:
    return FastAPIGuard(notes_guard())


@pytest.fixture
def app(notes: FastAPIGuard) -> FastAPI:
    """An application that asks for scopes in every way there is, and where nothing is installed."""
    app = FastAPI()
    router = APIRouter(prefix="/shared", dependencies=[Security(notes, scopes=["notes:share"])])

    async def reader(token: Annotated[AccessToken, Security(notes, scopes=["notes:read"])]) -> AccessToken:
        return token

    @app.get("/any")
    async def any_token(token: Annotated[AccessToken, Depends(notes)]) -> dict[str, object]:
        return said(token)

    @app.get("/notes")
    async def read(token: Annotated[AccessToken, Security(notes, scopes=["notes:read"])]) -> dict[str, object]:
        return said(token)

    @app.get("/nested")
    async def nested(token: Annotated[AccessToken, Security(reader, scopes=["notes:admin"])]) -> dict[str, object]:
        return said(token)

    @app.get("/paid", dependencies=[Depends(notes.require("notes:write", acr=["phr"], needs=any_of("a", "b")))])
    async def paid(token: Annotated[AccessToken, Depends(notes)]) -> dict[str, object]:
        return said(token)

    @router.get("/notes")
    async def shared(token: Annotated[AccessToken, Security(notes, scopes=["notes:read"])]) -> dict[str, object]:
        return said(token)

    @app.websocket("/chat")
    async def chat(websocket: WebSocket, token: Annotated[AccessToken, Security(notes, scopes=["notes:read"])]) -> None:
        await websocket.accept()
        await websocket.send_json(said(token) | {"same": access_token(websocket) is token})
        await websocket.close()

    app.include_router(router)
    return app


@pytest.fixture
def bare(app: FastAPI, notes: FastAPIGuard) -> Iterator[Api]:
    """That application, served."""
    with asgi_served(app) as port:
        yield Api(port, notes.guard)


@pytest.fixture
def issuer(notes: FastAPIGuard) -> Iterator[FakeIssuer]:
    issuer = FakeIssuer(NOTES, clock=now)
    with issuer.trusted_by(notes.guard):
        yield issuer


def test_where_nothing_is_installed_status_and_headers_are_right_all_the_same(bare: Api, issuer: FakeIssuer) -> None:
    nobody, narrow = bare.get("/notes"), bare.show("/notes", issuer.mint())

    why = "The access token does not reach far enough."
    found = [(reply.status, reply.header("Content-Type"), reply.header("Cache-Control")) for reply in (nobody, narrow)]
    assert found == [(401, "application/json", "no-store"), (403, "application/json", "no-store")]
    assert nobody.header("WWW-Authenticate") == f'Bearer scope="notes:read", {METADATA}'
    assert narrow.header("WWW-Authenticate") == (
        f'Bearer error="insufficient_scope", error_description="{why}", scope="notes:read", {METADATA}'
    )
    assert [nobody.json, narrow.json] == [
        {"detail": {}},
        {"detail": {"error": "insufficient_scope", "error_description": why}},
    ]


@pytest.mark.parametrize(
    ("path", "enough", "needed"),
    [
        ("/notes", "notes:write", "notes:read"),
        ("/nested", "notes:read notes:admin", "notes:admin notes:read"),
        ("/paid", "notes:write b", "notes:write a"),
        ("/shared/notes", "notes:read notes:share", "notes:share"),
    ],
)
def test_all_scopes_that_are_asked_for_anywhere_around_an_operation_are_needed(
    bare: Api, issuer: FakeIssuer, path: str, enough: str, needed: str
) -> None:
    refused, admitted = bare.show(path, issuer.mint()), bare.show(path, issuer.mint(scope=enough, acr="phr"))

    assert (refused.status, admitted.status) == (403, 200)
    assert f'scope="{needed}"' in (refused.header("WWW-Authenticate") or "")


def test_a_websocket_is_let_in_or_refused_by_the_headers_of_its_handshake(bare: Api, issuer: FakeIssuer) -> None:
    url = f"ws://127.0.0.1:{bare.port}/chat"

    with connect(url, additional_headers=issuer.headers(scope="notes:read"), proxy=None) as socket:
        told = socket.recv()
    with pytest.raises(InvalidStatus) as refused:
        connect(url, proxy=None)

    assert '"same":true' in str(told)
    assert refused.value.response.status_code == 401
    assert refused.value.response.headers["WWW-Authenticate"] == f'Bearer scope="notes:read", {METADATA}'


def test_the_documentation_says_which_scopes_an_operation_needs_and_asks_nobody_for_it(app: FastAPI) -> None:
    """The issuer is not there: its address alone is written down."""
    document = app.openapi()

    assert document["components"]["securitySchemes"] == {
        "OpenID Connect": {
            "type": "openIdConnect",
            "openIdConnectUrl": "http://127.0.0.1:1/.well-known/openid-configuration",
        }
    }
    assert {path: named(methods["get"]) for path, methods in document["paths"].items()} == {
        "/any": [],
        "/notes": ["notes:read"],
        "/nested": ["notes:admin", "notes:read"],
        "/paid": ["notes:write"],
        "/shared/notes": ["notes:read", "notes:share"],
    }


def named(operation: dict[str, Any]) -> list[str]:
    """The scopes of an operation's only way in."""
    (way,) = operation["security"]
    return sorted(way["OpenID Connect"])


def test_two_apis_in_one_application_are_two_schemes_and_each_answers_for_itself() -> None:
    """RFC 9728: a document for each."""
    guards = [notes_guard(), Guard(Resource("https://notes.example/mail", "http://127.0.0.1:1", name="Mail"))]
    first, second = FastAPIGuard(guards[0]), FastAPIGuard(guards[1], scheme_name="mail")
    app = FastAPI()
    for path, guard in (("/notes", first), ("/mail", second)):
        guard.install(app)
        app.get(path, dependencies=[Depends(guard.require("a"))])(open_to_all)

    with asgi_served(app) as port:
        refused = [Api(port, guards[0]).get(path) for path in ("/notes", "/mail")]
        documents = [
            Api(port, guards[0]).get(f"/.well-known/oauth-protected-resource{path}") for path in ("/api", "/mail")
        ]

    assert [reply.header("WWW-Authenticate") for reply in refused] == [
        f'Bearer scope="a", {METADATA}',
        f'Bearer scope="a", {METADATA.replace("/api", "/mail")}',
    ]
    assert [reply.json["resource"] for reply in documents] == [
        "https://notes.example/api",
        "https://notes.example/mail",
    ]
    assert set(app.openapi()["components"]["securitySchemes"]) == {"OpenID Connect", "mail"}


async def open_to_all() -> dict[str, object]:
    """Answers whoever comes so far."""
    return OPEN


def test_a_route_for_any_path_does_not_hide_the_document(notes: FastAPIGuard) -> None:
    app = FastAPI()
    app.get("/{path:path}")(open_to_all)
    notes.install(app)

    with asgi_served(app) as port:
        reply = Api(port, notes.guard).get(METADATA_PATH)

    assert reply.json["resource"] == NOTES.audience


def test_an_api_whose_identifier_is_no_url_is_installed_without_a_document() -> None:
    app = FastAPI()
    before = len(app.router.routes)

    FastAPIGuard(Guard(Resource("urn:notes", "https://login.example.com"))).install(app)

    assert len(app.router.routes) == before


def test_the_authorize_button_asks_for_a_token_for_this_api_and_what_was_set_before_stays(notes: FastAPIGuard) -> None:
    """RFC 8707."""
    plain, own = FastAPI(), FastAPI(swagger_ui_init_oauth={"appName": "Notes", "scopes": ["notes:read"]})

    notes.install(plain)
    notes.install(own, docs_client_id="docs")

    usual = {"usePkceWithAuthorizationCodeGrant": True, "additionalQueryStringParams": {"resource": NOTES.audience}}
    assert plain.swagger_ui_init_oauth == usual | {"scopes": ["notes:read", "notes:write", "notes:admin"]}
    assert own.swagger_ui_init_oauth == usual | {"clientId": "docs", "appName": "Notes", "scopes": ["notes:read"]}


def test_tests_of_an_application_may_put_a_token_in_place_of_the_guard(app: FastAPI, notes: FastAPIGuard) -> None:
    """FastAPI's own way, beside FakeIssuer."""
    somebody = AccessToken(NOTES.issuer, "ada", CLIENT, (NOTES.audience,), frozenset(), frozenset(), now())
    app.dependency_overrides[notes] = lambda: somebody

    with asgi_served(app) as port:
        reply = Api(port, notes.guard).get("/notes")

    assert (reply.status, reply.json["sub"]) == (200, "ada")
