"""Model Context Protocol: a server whose tools need an access token, with the official SDK (`mcp`).

    from mcp.server.mcpserver import MCPServer
    from evergrant.resource import Guard, Resource, require
    from evergrant.resource.asgi import ProtectMiddleware
    from evergrant.resource.mcp import GuardVerifier, auth_settings

    files = Resource(
        "https://files.example.com/mcp", issuer="https://login.example.com", scopes={"files:read": "Read your files"}
    )
    guard = Guard(files)
    server = MCPServer("files", token_verifier=GuardVerifier(guard), auth=auth_settings(files, "files:read"))
    app = ProtectMiddleware(server.streamable_http_app(), guard, needs=require("files:read"))

The identifier of the API is the address that clients connect to. Tools learn who calls from the SDK's
`get_access_token()`. The middleware in front answers what the SDK would answer differently: who shows no token is told
which scopes to ask for and of no error, who lacks scopes hears of all of them at once, and while the issuer's keys
cannot be had the answer is 503 and not 500. Routes of `custom_route` that are for everybody are its `open_paths`.
"""

from __future__ import annotations

from mcp.server.auth.provider import AccessToken as McpToken
from mcp.server.auth.settings import AuthSettings

from evergrant.protocol.errors import InvalidRequest, InvalidToken
from evergrant.resource.access_token import AccessToken
from evergrant.resource.declaration import Resource
from evergrant.resource.guard import Guard
from evergrant.resource.refusals import Refused


class GuardVerifier:
    """Checks tokens for the SDK: its `TokenVerifier`."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def verify_token(self, token: str) -> McpToken | None:
        """The token, with what its scopes imply; None if it is not a good one for this server.

        Raises Refused if that cannot be said now. None would be answered with `invalid_token`, upon which clients drop
        their session and ask the person to sign in again.
        """
        try:
            found = await self._guard.admit_async([f"Bearer {token}"])
        except Refused as refused:
            if isinstance(refused.error, InvalidToken | InvalidRequest):
                return None
            raise
        return self._told(found)

    def _told(self, token: AccessToken) -> McpToken:
        resource = self._guard.resource
        return McpToken(
            # Not its text: it is for this server, which must not pass it on, and the SDK's model would print it.
            token="",
            client_id=token.client_id or "",
            scopes=sorted(token.scopes),
            # The SDK looks at this too, without leeway for clocks that differ.
            expires_at=token.expires_at // 1000 + resource.leeway_s,
            # RFC 8707: of several audiences, the one that is this server.
            resource=next(name for name in [resource.audience, *resource.also] if name in token.audience),
            subject=token.subject,
            claims=dict(token.claims),
        )


def auth_settings(resource: Resource, *scopes: str) -> AuthSettings:
    """The SDK's settings for an API that is declared once; every request needs all of `scopes`.

    Raises ValueError if its identifier is no URL: an MCP client asks for a token for the address that it connects to.
    """
    if resource.metadata_url is None:
        raise ValueError("the identifier of an MCP server is its URL")
    # As texts: a URL that is made before it comes to the settings gets a slash at its end, and issuers are compared
    # byte by byte (RFC 8414 §3.3).
    return AuthSettings.model_validate(
        {
            "issuer_url": resource.issuer,
            "resource_server_url": resource.audience,
            "required_scopes": scopes,
            # The guard has looked, and it knows further identifiers (`also`).
            "validate_token_resource": False,
        }
    )
