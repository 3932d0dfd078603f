"""Notes, a server for the Model Context Protocol. Its tool sees only the notes of whoever calls.

Needs: pip install "evergrant[mcp]" uvicorn
Run:   python notes_mcp.py, then connect a client to http://localhost:8003/mcp
"""

from collections import defaultdict

import uvicorn
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import MCPServer

from evergrant.resource import Guard, Resource, require
from evergrant.resource.asgi import ProtectMiddleware
from evergrant.resource.mcp import GuardVerifier, auth_settings

ISSUER = "http://localhost:8000"
AUDIENCE = "http://localhost:8003/mcp"
PORT = 8003

resource = Resource(
    AUDIENCE,
    issuer=ISSUER,
    scopes={"notes:read": "Read your notes", "notes:write": "Change your notes"},
    implies={"notes:write": ["notes:read"]},
    name="Notes",
)
guard = Guard(resource)
server = MCPServer("notes", token_verifier=GuardVerifier(guard), auth=auth_settings(resource, "notes:write"))
notes: dict[str, list[str]] = defaultdict(list)


@server.tool()
def add_note(text: str) -> list[str]:
    """Write a note down, and list all there are."""
    token = get_access_token()
    # The guard lets nobody in without a token.
    assert token is not None
    assert token.subject is not None
    notes[token.subject].append(text)
    return notes[token.subject]


app = ProtectMiddleware(server.streamable_http_app(), guard, needs=require("notes:write"))

if __name__ == "__main__":
    uvicorn.run(app, port=PORT)
