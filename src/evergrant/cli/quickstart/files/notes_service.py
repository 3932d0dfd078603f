"""A service that calls the notes API for itself: no person signs in. Its token is renewed by itself, too.

Needs: pip install "evergrant[client]"
Run:   python notes_service.py, while one of the notes APIs runs
"""

import httpx2

from evergrant.client import Issuer, MemoryVault

ISSUER = "http://localhost:8000"
API = "http://localhost:8001"
CLIENT_ID = "notes-service"
CLIENT_SECRET = "as `evergrant client create` has shown it"


def main() -> None:
    """Write a note, and read all of them."""
    client = Issuer.discover(ISSUER).client(CLIENT_ID, CLIENT_SECRET)
    session = client.service(MemoryVault(), scope="notes:read notes:write", resource=API)
    # The token goes to the API and to nobody else, wherever a redirect may lead.
    with httpx2.Client(base_url=API, auth=session.auth(to=[API])) as http:
        http.post("/notes", json={"text": "The nightly job has run."}).raise_for_status()
        answer = http.get("/notes").raise_for_status()
    for note in answer.json()["notes"]:
        print(note)


if __name__ == "__main__":
    main()
