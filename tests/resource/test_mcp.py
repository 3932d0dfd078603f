"""The adapter of the Model Context Protocol: the SDK's own server, with and without the middleware in front."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import MCPServer

from evergrant.resource import Guard, Resource, require
from evergrant.resource.asgi import ProtectMiddleware
from evergrant.resource.mcp import GuardVerifier, auth_settings
from evergrant.testing.issuer import CLIENT, SUBJECT, FakeIssuer
from tests.resource.behaviour import Api, Reply
from tests.resource.serving import asgi_served

# The SDK asks the machine for the time, so here everybody does. Nobody listens at the issuer.
FILES = Resource(
    "https://files.example/mcp",
    "http://127.0.0.1:1",
    scopes={"files:read": "Read your files", "files:write": "Change your files"},
    implies={"files:write": ["files:read"]},
    also=["https://old.example/mcp"],
)
METADATA_PATH = "/.well-known/oauth-protected-resource/mcp"
METADATA = f'resource_metadata="https://files.example{METADATA_PATH}"'


@dataclass(frozen=True, slots=True)
class Served:
    """A server with one tool, as the SDK makes it (`bare`) and behind the middleware."""

    bare: Api
    guarded: Api
    guard: Guard

    @property
    def both(self) -> tuple[Api, Api]:
        return self.bare, self.guarded


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    guard = Guard(FILES)

    def bare() -> Any:
        server = MCPServer("files", token_verifier=GuardVerifier(guard), auth=auth_settings(FILES, "files:read"))
        server.add_tool(who)
        return server.streamable_http_app()

    with asgi_served(bare()) as one, asgi_served(ProtectMiddleware(bare(), guard, needs=require("files:read"))) as two:
        yield Served(Api(one, guard), Api(two, guard), guard)


def who() -> str:
    """Tell what the SDK tells a tool of who calls it."""
    token = get_access_token()
    assert token is not None
    return token.model_dump_json()


@pytest.fixture
def issuer(served: Served) -> Iterator[FakeIssuer]:
    issuer = FakeIssuer(FILES)
    with issuer.trusted_by(served.guard):
        yield issuer


async def call(api: Api, token: str) -> dict[str, Any]:
    """What the tool says to the SDK's own client."""
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http,
        Client(streamable_http_client(f"http://127.0.0.1:{api.port}/mcp", http_client=http)) as client,
    ):
        said = await client.call_tool("who", {})
    found: dict[str, Any] = json.loads(said.content[0].text)  # type: ignore[union-attr]  # the tool answers text
    return found


def post(api: Api, *headers: tuple[str, str]) -> Reply:
    """A request as any client sends it."""
    return api.send("POST", "/mcp", ("Content-Length", "0"), *headers)


def show(api: Api, token: str) -> Reply:
    return post(api, ("Authorization", f"Bearer {token}"))


async def test_a_tool_knows_who_calls_and_for_whom(served: Served, issuer: FakeIssuer) -> None:
    token = issuer.mint(scope="files:write", tenant="acme")

    for api in served.both:
        told = await call(api, token)

        claims = told.pop("claims")
        assert told == {
            "token": "",
            "client_id": CLIENT,
            "scopes": ["files:read", "files:write"],
            "expires_at": claims["exp"] + FILES.leeway_s,
            "resource": "https://files.example/mcp",
            "subject": SUBJECT,
        }
        assert (claims["iss"], claims["tenant"]) == (FILES.issuer, "acme")


async def test_a_clock_that_is_behind_and_a_former_address_are_no_trouble(served: Served, issuer: FakeIssuer) -> None:
    """The SDK looks at expiry and audience again, and must come to the same end."""
    token = issuer.mint(scope="files:read", lifetime_s=-15, aud=["https://old.example/mcp", "https://x.example"])

    for api in served.both:
        assert (await call(api, token))["resource"] == "https://old.example/mcp"


@pytest.mark.parametrize("claims", [{"lifetime_s": -31}, {"aud": "https://x.example"}, {"typ": "JWT"}])
async def test_a_token_that_is_not_good_here_is_none(
    served: Served, issuer: FakeIssuer, claims: dict[str, Any]
) -> None:
    token = issuer.mint(scope="files:read", **claims)

    replies = [show(api, token) for api in served.both]

    assert await GuardVerifier(served.guard).verify_token(token) is None
    assert await GuardVerifier(served.guard).verify_token("a b") is None
    assert [(reply.status, reply.json["error"]) for reply in replies] == [(401, "invalid_token")] * 2


async def test_while_the_keys_cannot_be_had_no_client_is_told_to_sign_in_again(served: Served) -> None:
    """The SDK has an answer for good tokens and one for bad ones: the third is that of a server in trouble."""
    token = FakeIssuer(FILES).mint(scope="files:read")

    bare, guarded = show(served.bare, token), show(served.guarded, token)

    assert (bare.status, bare.header("WWW-Authenticate")) == (500, None)
    assert (guarded.status, guarded.header("Retry-After"), guarded.header("WWW-Authenticate")) == (503, "1", None)


def test_who_shows_no_token_is_told_what_to_ask_for(served: Served, issuer: FakeIssuer) -> None:
    """MCP authorization: `scope` in the challenge; RFC 6750 §3.1: no error. By itself the SDK does neither."""
    bare, guarded = post(served.bare), post(served.guarded)

    assert (guarded.status, guarded.header("WWW-Authenticate")) == (401, f'Bearer scope="files:read", {METADATA}')
    assert (bare.status, METADATA in (bare.header("WWW-Authenticate") or "")) == (401, True)


def test_who_lacks_scopes_is_told_all_of_them(served: Served, issuer: FakeIssuer) -> None:
    bare, guarded = [show(api, issuer.mint()) for api in served.both]

    assert (bare.status, bare.json["error"]) == (403, "insufficient_scope")
    assert guarded.header("WWW-Authenticate") == (
        'Bearer error="insufficient_scope", error_description="The access token does not reach far enough.", '
        f'scope="files:read", {METADATA}'
    )


def test_the_document_names_the_issuer_byte_by_byte(served: Served) -> None:
    bare, guarded = [api.get(METADATA_PATH).json for api in served.both]

    for document in (bare, guarded):
        assert document["resource"] == "https://files.example/mcp"
        assert document["authorization_servers"] == ["http://127.0.0.1:1"]
    # The SDK knows only those that every request needs.
    assert (bare["scopes_supported"], guarded["scopes_supported"]) == (["files:read"], ["files:read", "files:write"])


@pytest.mark.parametrize("address", ["https://files.example", "https://files.example/mcp"])
def test_the_sdk_gets_its_settings_from_the_declaration(address: str) -> None:
    settings = auth_settings(Resource(address, "https://login.example.com"), "a", "b")

    assert (str(settings.issuer_url), str(settings.resource_server_url)) == ("https://login.example.com", address)
    assert settings.required_scopes == ["a", "b"]


def test_an_identifier_that_is_no_url_is_none_for_an_mcp_server() -> None:
    with pytest.raises(ValueError, match="its URL"):
        auth_settings(Resource("files", "https://login.example.com"))
