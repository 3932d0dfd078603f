"""Endpoints of Starlette: coroutines, plain functions in threads, and what only a middleware reaches."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from evergrant.resource import Guard, Requirement, Resource, require
from evergrant.resource.asgi import ProtectMiddleware
from evergrant.resource.starlette import access_token, metadata_route, protect
from evergrant.testing.issuer import CLIENT, FakeIssuer
from tests.resource.behaviour import NEEDS, NOTES, OPEN, Api, ApiBehaviour, notes_guard, now, preflight, said
from tests.resource.serving import asgi_served


async def coroutine(request: Request) -> Response:
    return JSONResponse(said(access_token(request)))


def function(request: Request) -> Response:
    return JSONResponse(said(access_token(request)))


def in_threads(guard: Guard, path: str, needs: Requirement) -> BaseRoute:
    return Route(path, protect(guard, needs=needs)(function))


def in_the_loop(guard: Guard, path: str, needs: Requirement) -> BaseRoute:
    return Route(path, protect(guard, needs=needs)(coroutine))


class Page(HTTPEndpoint):
    """A class, which the decorator does not reach."""

    async def get(self, request: Request) -> Response:
        return JSONResponse(said(access_token(request)))


def by_middleware(guard: Guard, path: str, needs: Requirement) -> BaseRoute:
    return Route(path, Page, middleware=[Middleware(ProtectMiddleware, guard, needs=needs)])


async def open_to_all(request: Request) -> Response:
    return JSONResponse(OPEN)


KINDS = {"coroutines": in_the_loop, "functions": in_threads, "middleware": by_middleware}


@pytest.fixture(scope="module", params=KINDS)
def api(request: pytest.FixtureRequest) -> Iterator[Api]:
    guard, made = notes_guard(), KINDS[request.param]
    routes = [made(guard, path, needs) for path, needs in NEEDS.items()]
    with asgi_served(Starlette(routes=[Route("/open", open_to_all), metadata_route(guard), *routes])) as port:
        yield Api(port, guard)


class TestStarlette(ApiBehaviour):
    """Starlette, in three ways."""


@pytest.mark.parametrize("kind", [coroutine, function])
def test_an_endpoint_needs_its_scopes_and_what_else_is_said(kind: Any) -> None:
    guard = notes_guard()
    endpoint = protect(guard, "notes:read", needs=require(clients=[CLIENT]), roles=["editor"])(kind)
    issuer = FakeIssuer(NOTES, clock=now)

    with issuer.trusted_by(guard), asgi_served(Starlette(routes=[Route("/notes", endpoint)])) as port:
        api = Api(port, guard)
        replies = [
            api.show("/notes", issuer.mint(scope=scope, roles=roles, client_id=client))
            for scope, roles, client in [
                ("notes:read", ["editor"], CLIENT),
                ("notes:read", [], CLIENT),
                ("notes:read", ["editor"], "another"),
                ("", ["editor"], CLIENT),
            ]
        ]

    assert [(reply.status, reply.json.get("error")) for reply in replies] == [
        (200, None),
        (403, "access_denied"),
        (403, "access_denied"),
        (403, "insufficient_scope"),
    ]


def test_the_token_is_also_in_the_state_of_the_request_for_what_is_not_ours() -> None:
    guard = notes_guard()
    issuer = FakeIssuer(NOTES, clock=now)

    @protect(guard)
    async def of_state(request: Request) -> Response:
        return JSONResponse(said(request.state.access_token))

    with issuer.trusted_by(guard), asgi_served(Starlette(routes=[Route("/any", of_state)])) as port:
        reply = Api(port, guard).show("/any", issuer.mint(sub="ada"))

    assert (reply.status, reply.json["sub"]) == (200, "ada")


def test_cors_of_the_application_answers_preflights_and_lets_scripts_read_why_they_were_refused() -> None:
    guard = notes_guard()
    cors = Middleware(
        CORSMiddleware,
        allow_origins=["https://app.example"],
        allow_headers=["authorization"],
        expose_headers=["WWW-Authenticate"],
    )
    app = Starlette(routes=[Route("/any", protect(guard)(coroutine))], middleware=[cors])

    with asgi_served(app) as port:
        api = Api(port, guard)
        asked, sent = api.send("OPTIONS", "/any", *preflight("authorization")), api.send("GET", "/any", preflight()[0])

    assert (asked.status, asked.header("Access-Control-Allow-Origin")) == (200, "https://app.example")
    assert (sent.status, sent.header("Access-Control-Allow-Origin")) == (401, "https://app.example")
    assert sent.header("Access-Control-Expose-Headers") == "WWW-Authenticate"


def test_an_api_whose_identifier_is_no_url_has_no_route_for_a_document() -> None:
    with pytest.raises(ValueError, match="no URL"):
        metadata_route(Guard(Resource("urn:notes", "https://login.example.com")))
