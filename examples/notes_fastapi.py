"""Notes, an API in FastAPI. Everybody sees and writes their own.

Needs: pip install "evergrant[fastapi]" uvicorn
Run:   python notes_fastapi.py, then open http://localhost:8001/docs and press Authorize
"""

from collections import defaultdict
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Security
from pydantic import BaseModel

from evergrant.resource import AccessToken, Guard, Resource
from evergrant.resource.fastapi import FastAPIGuard

ISSUER = "http://localhost:8000"
AUDIENCE = "http://localhost:8001"
CLIENT_ID = "notes-docs"
PORT = 8001

resource = Resource(
    AUDIENCE,
    issuer=ISSUER,
    scopes={"notes:read": "Read your notes", "notes:write": "Change your notes"},
    implies={"notes:write": ["notes:read"]},
    name="Notes",
)
guard = FastAPIGuard(Guard(resource))
Reader = Annotated[AccessToken, Security(guard, scopes=["notes:read"])]
Writer = Annotated[AccessToken, Security(guard, scopes=["notes:write"])]

app = FastAPI(title="Notes")
guard.install(app, docs_client_id=CLIENT_ID)
notes: dict[str, list[str]] = defaultdict(list)


class Note(BaseModel):
    """What is posted."""

    text: str


@app.get("/open")
async def welcome() -> dict[str, str]:
    """For everybody: no token is asked for."""
    return {"hello": "world"}


@app.get("/notes")
async def list_notes(token: Reader) -> dict[str, list[str]]:
    """Your notes. A token with notes:write may read them too."""
    return {"notes": notes[token.subject]}


@app.post("/notes", status_code=201)
async def add_note(note: Note, token: Writer) -> dict[str, list[str]]:
    """One more note."""
    notes[token.subject].append(note.text)
    return {"notes": notes[token.subject]}


if __name__ == "__main__":
    uvicorn.run(app, port=PORT)
