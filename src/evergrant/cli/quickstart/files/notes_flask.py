"""Notes, an API in Flask. Everybody sees and writes their own.

Needs: pip install "evergrant[flask]"
Run:   python notes_flask.py
"""

from collections import defaultdict

from flask import Flask, request

from evergrant.resource import Guard, Resource
from evergrant.resource.flask import FlaskGuard, current_token

ISSUER = "http://localhost:8000"
AUDIENCE = "http://localhost:8001"
PORT = 8001

resource = Resource(
    AUDIENCE,
    issuer=ISSUER,
    scopes={"notes:read": "Read your notes", "notes:write": "Change your notes"},
    implies={"notes:write": ["notes:read"]},
    name="Notes",
)
app = Flask(__name__)
guard = FlaskGuard(Guard(resource), app)
notes: dict[str, list[str]] = defaultdict(list)


@app.get("/open")
def welcome() -> dict[str, str]:
    """For everybody: no token is asked for."""
    return {"hello": "world"}


@app.get("/notes")
@guard.require("notes:read")
def list_notes() -> dict[str, list[str]]:
    """Your notes. A token with notes:write may read them too."""
    return {"notes": notes[current_token.subject]}


@app.post("/notes")
@guard.require("notes:write")
def add_note() -> tuple[dict[str, list[str]], int]:
    """One more note."""
    notes[current_token.subject].append(request.get_json()["text"])
    return {"notes": notes[current_token.subject]}, 201


if __name__ == "__main__":
    app.run(port=PORT)
