"""Notes in the terminal. The first time a browser opens to sign in; from then on the session renews itself.

Needs: pip install "evergrant[client]"
Run:   python notes_cli.py add "Buy milk", while one of the notes APIs runs; also: list, sign-out
"""

import argparse
import webbrowser

import httpx2

from evergrant.client import FileVault, Issuer, SignInRequired

ISSUER = "http://localhost:8000"
API = "http://localhost:8001"
CLIENT_ID = "notes-cli"
SCOPE = "openid offline_access notes:read notes:write"
SESSIONS = "~/.notes-sessions.json"


def show(url: str) -> None:
    """Open the address, and print it for machines without a browser."""
    print(f"Sign in here:\n{url}", flush=True)
    webbrowser.open(url)


def main() -> None:
    """Do what was asked."""
    arguments = argparse.ArgumentParser(description="Notes in the terminal.")
    arguments.add_argument("what", choices=["list", "add", "sign-out"], nargs="?", default="list")
    arguments.add_argument("text", nargs="?", help="the note, for add")
    given = arguments.parse_args()

    client = Issuer.discover(ISSUER).client(CLIENT_ID)
    session = client.session(FileVault(SESSIONS), "me")
    if given.what == "sign-out":
        session.revoke()
        return
    try:
        session.tokens()
    except SignInRequired:
        session.keep(client.sign_in_in_browser(SCOPE, resource=API, show=show).tokens)
    # Eight of these at once, when the token has expired, renew it once.
    with httpx2.Client(base_url=API, auth=session.auth(to=[API])) as http:
        if given.what == "add":
            http.post("/notes", json={"text": given.text}).raise_for_status()
        answer = http.get("/notes").raise_for_status()
    for note in answer.json()["notes"]:
        print(note)


if __name__ == "__main__":
    main()
