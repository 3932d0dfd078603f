"""The Model Context Protocol's own SDK on both sides: its client, its server around our guard, our server between."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from evergrant.cli.trying.forms import Person, walk
from evergrant.protocol.secret import Secret
from evergrant.resource import Guard, JwtVerifier, Resource, require
from evergrant.resource.asgi import ProtectMiddleware
from evergrant.resource.mcp import GuardVerifier, auth_settings
from tests.e2e.command_line import command, listing
from tests.interop.at_expiry import CALLS, LONG_AGO, ONE_FOR_ALL, refreshes, standing
from tests.resource.serving import asgi_served
from tests.support.ports import free_port
from tests.support.server import Server

CLIENT_ID = "editor"
REDIRECT_URI = "http://localhost:49152/callback"


@dataclass(frozen=True, slots=True)
class Files:
    """An MCP server that trusts our server, at `url`."""

    url: str
    guard: Guard


def who() -> str:
    """Tell who calls, and how far he reaches."""
    token = get_access_token()
    assert token is not None
    return f"{token.client_id} for {(token.claims or {})['sub']}: {' '.join(token.scopes)}"


def application(resource: Resource, guard: Guard) -> ProtectMiddleware:
    files = MCPServer("files", token_verifier=GuardVerifier(guard), auth=auth_settings(resource, "files:read"))
    files.add_tool(who)
    return ProtectMiddleware(files.streamable_http_app(), guard, needs=require("files:read"))


@pytest.fixture(scope="module")
def files(server: Server) -> Iterator[Files]:
    """Known to our server by its address, as RFC 8707 and the protocol want it; so is one client."""
    port = free_port()
    url = f"http://localhost:{port}/mcp"
    scopes = {"files:read": "Read your files", "files:write": "Change your files"}
    listed = [f"--scope={name}={sentence}" for name, sentence in scopes.items()]
    command(server.data_dir, "resource", "create", url, *listed)
    command(
        server.data_dir,
        *("client", "create", CLIENT_ID, "--public", "--redirect-uri", REDIRECT_URI, "--audience", url),
        *("--scope", "files:read files:write offline_access"),
    )
    resource = Resource(url, server.base_url, scopes=scopes, implies={"files:write": ["files:read"]})
    guard = Guard(resource)
    with asgi_served(application(resource, guard), port):
        yield Files(url, guard)


@dataclass(slots=True)
class Storage:
    """What an MCP client remembers. It was registered beforehand: our server registers no strangers."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull = field(
        default_factory=lambda: OAuthClientInformationFull(
            client_id=CLIENT_ID, redirect_uris=[AnyUrl(REDIRECT_URI)], token_endpoint_auth_method="none"
        )
    )

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@dataclass(slots=True)
class Editor:
    """A program that calls tools for the demo user, who signs in whenever he is asked to."""

    server: Server
    files: Files
    storage: Storage = field(default_factory=Storage)
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    came_back: str = ""

    def provider(self) -> OAuthClientProvider:
        metadata = OAuthClientMetadata(redirect_uris=[AnyUrl(REDIRECT_URI)], client_name="Editor")
        return OAuthClientProvider(self.files.url, metadata, self.storage, self._show, self._come_back)

    async def _show(self, authorization_url: str) -> None:
        self.asked.append(parse_qs(urlsplit(authorization_url).query))
        self.came_back = await anyio.to_thread.run_sync(self._sign_in, authorization_url)

    def _sign_in(self, authorization_url: str) -> str:
        with httpx2.Client() as browser:
            person = Person(self.server.demo.username, Secret(self.server.demo.password))
            return walk(browser, authorization_url, REDIRECT_URI, person)[0]

    async def _come_back(self) -> AuthorizationCodeResult:
        told = {name: values[0] for name, values in parse_qs(urlsplit(self.came_back).query).items()}
        return AuthorizationCodeResult(code=told["code"], state=told["state"], iss=told["iss"])


@asynccontextmanager
async def connected(files: Files, provider: OAuthClientProvider) -> AsyncIterator[Client]:
    """The SDK's client, at the MCP server."""
    async with (
        httpx2.AsyncClient(auth=provider, timeout=30) as http,
        Client(streamable_http_client(files.url, http_client=http)) as client,
    ):
        yield client


async def ask(client: Client) -> str:
    """What the tool says."""
    said = await client.call_tool("who", {})
    return str(said.content[0].text)  # type: ignore[union-attr]  # the tool answers text


def expire(provider: OAuthClientProvider) -> None:
    """By the client's own watch."""
    provider.context.token_expiry_time = LONG_AGO


@pytest.fixture(scope="module")
def agency(server: Server, files: Files) -> OAuthClientInformationFull:
    """A client with a secret, as it was told when it was registered."""
    made = command(
        server.data_dir,
        *("client", "create", "agency", "--redirect-uri", REDIRECT_URI, "--audience", files.url),
        *("--scope", "files:read files:write offline_access"),
    )
    return OAuthClientInformationFull(
        client_id="agency", client_secret=str(made["client_secret"]), redirect_uris=[AnyUrl(REDIRECT_URI)]
    )


@pytest.fixture
def editor(server: Server, files: Files) -> Editor:
    return Editor(server, files)


async def test_a_client_that_knows_nothing_but_the_address_finds_all_it_needs(
    server: Server, files: Files, editor: Editor
) -> None:
    """Challenge, the API's document, ours, code with PKCE for that API (RFC 8707), `iss` (RFC 9207), tool."""
    async with connected(files, editor.provider()) as client:
        said = await ask(client)

    (user,) = listing(server.data_dir, "user", "list")
    assert said == f"editor for {user['subject']}: files:read offline_access"
    (asked,) = editor.asked
    assert (asked["resource"], asked["scope"]) == ([files.url], ["files:read offline_access"])
    assert asked["code_challenge_method"] == ["S256"]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_client_with_a_secret_shows_it_in_either_way_also_when_it_refreshes(
    server: Server, files: Files, agency: OAuthClientInformationFull, method: str
) -> None:
    known = agency.model_copy(update={"token_endpoint_auth_method": method})
    editor, before = Editor(server, files, Storage(client=known)), refreshes(server)
    provider = editor.provider()

    async with connected(files, provider) as client:
        said = [await ask(client)]
        expire(provider)
        said.append(await ask(client))

    assert said[0].startswith("agency for ")
    assert said[0] == said[1]
    assert (len(editor.asked), refreshes(server) - before) == (1, Counter(renew=1))


async def test_at_expiry_a_call_refreshes_first_and_the_person_is_not_asked(
    server: Server, files: Files, editor: Editor
) -> None:
    provider, before = editor.provider(), refreshes(server)
    async with connected(files, provider) as client:
        said = [await ask(client)]
        expire(provider)
        said.append(await ask(client))

    assert said[0] == said[1]
    assert (len(editor.asked), refreshes(server) - before) == (1, Counter(renew=1))


async def test_eight_calls_at_expiry_wait_for_one_refresh(server: Server, files: Files, editor: Editor) -> None:
    provider, before = editor.provider(), refreshes(server)
    async with connected(files, provider) as client:
        await ask(client)
        expire(provider)
        said = await asyncio.gather(*(ask(client) for _ in range(CALLS)))

    assert len(set(said)) == 1
    assert (len(editor.asked), refreshes(server) - before) == (1, Counter(renew=1))
    assert editor.storage.tokens
    assert standing(server, editor.storage.tokens.access_token) == ("active", 2)


async def test_eight_windows_of_a_program_that_share_its_storage_keep_the_session_together(
    server: Server, files: Files, editor: Editor
) -> None:
    """None knows of the others: each refreshes, all with the token that they found there."""
    first, before = editor.provider(), refreshes(server)
    async with connected(files, first) as client:
        said = await ask(client)
    providers = [await another_window(editor, first) for _ in range(CALLS)]

    async def open_and_ask(provider: OAuthClientProvider) -> str:
        async with connected(files, provider) as client:
            return await ask(client)

    answers = await asyncio.gather(*map(open_and_ask, providers))

    assert answers == [said] * CALLS
    assert (len(editor.asked), refreshes(server) - before) == (1, ONE_FOR_ALL)
    assert editor.storage.tokens
    assert standing(server, editor.storage.tokens.access_token) == ("active", 2)


async def test_while_our_server_cannot_be_had_the_client_keeps_what_it_has(
    server: Server, files: Files, editor: Editor
) -> None:
    """An API that has no keys yet says 503: upon 401 the SDK would begin from the start, and ask the person."""
    knows, knows_not = files.guard.verifier, JwtVerifier(Resource(files.url, "http://127.0.0.1:1"))
    provider = editor.provider()
    async with connected(files, provider) as client:
        said = await ask(client)
        files.guard.verifier = knows_not
        with pytest.raises(MCPError):
            await ask(client)
        files.guard.verifier = knows
        again = await ask(client)

    assert (again, len(editor.asked)) == (said, 1)


async def another_window(editor: Editor, first: OAuthClientProvider) -> OAuthClientProvider:
    """One that has found the server too, and that has read the storage, just when the token expires."""
    provider = editor.provider()
    await provider._initialize()
    provider.context.protected_resource_metadata = first.context.protected_resource_metadata
    provider.context.oauth_metadata = first.context.oauth_metadata
    expire(provider)
    return provider
