"""Notes on the web: people sign in, and the application calls the notes API for them. No token reaches a browser.

Needs: pip install "evergrant[client,starlette]" uvicorn
Run:   python notes_web.py, while one of the notes APIs runs, then open http://localhost:8002
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from urllib.parse import parse_qs

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from evergrant.client import (
    AsyncClient,
    AsyncIssuer,
    ClientError,
    IssuerUnavailable,
    MemoryVault,
    Seal,
    Secret,
    SignInRequired,
)

ISSUER = "http://localhost:8000"
API = "http://localhost:8001"
CLIENT_ID = "notes-web"
CLIENT_SECRET = "as `evergrant client create` has shown it"
PORT = 8002
HOME = f"http://localhost:{PORT}"

SECURE = HOME.startswith("https://")
SESSION, SIGN_IN = ("__Host-notes", "__Host-notes-sign-in") if SECURE else ("notes", "notes-sign-in")
seal = Seal(Secret(secrets.token_urlsafe(32)))
vault = MemoryVault()  # SqlVault keeps sessions over a restart, and for several processes
people: dict[str, str] = {}


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, AsyncClient]]:
    """Ask the issuer once who it is."""
    issuer = await AsyncIssuer.discover(ISSUER)
    yield {"client": issuer.client(CLIENT_ID, CLIENT_SECRET)}


async def home(request: Request) -> Response:
    """The notes of whoever is signed in; a new one, if one was posted."""
    here = request.cookies.get(SESSION, "")
    if here not in people:
        return page('<a href="/sign-in">Sign in</a>')
    try:
        session = request.state.client.session(vault, here)
        async with httpx2.AsyncClient(base_url=API, auth=session.auth(to=[API])) as http:
            if request.method == "POST":
                text = parse_qs((await request.body()).decode()).get("text", [""])[0]
                (await http.post("/notes", json={"text": text})).raise_for_status()
                return RedirectResponse("/", 303)
            answer = (await http.get("/notes")).raise_for_status()
    except SignInRequired:
        return page('Your session has ended. <a href="/sign-in">Sign in</a>')
    except IssuerUnavailable:
        return page("Your notes cannot be shown just now. You are still signed in: try again.")
    items = "".join(f"<li>{escape(note)}" for note in answer.json()["notes"])
    return page(
        f"<p>Signed in as {escape(people[here])}</p><ul>{items}</ul>"
        '<form method="post"><input name="text" aria-label="Note" required> <button>Add</button></form>'
        '<form method="post" action="/sign-out"><button>Sign out</button></form>'
    )


async def sign_in(request: Request) -> Response:
    """Send the browser to the issuer, with what it must bring back in a sealed cookie."""
    begun = request.state.client.begin_sign_in(
        f"{HOME}/signed-in", "openid profile offline_access notes:read notes:write", seal, resource=API
    )
    return with_cookie(RedirectResponse(begun.url, 303), SIGN_IN, begun.sealed)


async def signed_in(request: Request) -> Response:
    """The browser is back: exchange the code, and begin a session under a new name that nobody can guess."""
    try:
        done = await request.state.client.finish_sign_in(str(request.url), request.cookies.get(SIGN_IN, ""), seal)
    except ClientError as problem:
        return page(f'Not signed in: {escape(str(problem))}. <a href="/sign-in">Try again</a>')
    here = secrets.token_urlsafe(32)
    await request.state.client.session(vault, here).keep(done.tokens)
    people[here] = str((done.claims or {}).get("name", done.tokens.subject))
    return with_cookie(RedirectResponse("/", 303), SESSION, here)


async def sign_out(request: Request) -> Response:
    """End the session here and its tokens at the issuer, and go there to sign the browser out as well."""
    here = request.cookies.get(SESSION, "")
    if here in people:
        await request.state.client.session(vault, here).revoke()
        del people[here]
    return RedirectResponse(request.state.client.logout_url(return_to=f"{HOME}/"), 303)


def page(content: str) -> Response:
    """A small page, which no cache keeps."""
    return HTMLResponse(
        f"<!doctype html><title>Notes</title><h1>Notes</h1>{content}", headers={"Cache-Control": "no-store"}
    )


def with_cookie(response: Response, name: str, value: str) -> Response:
    """Scripts cannot read it, and forms on other sites cannot use it."""
    response.set_cookie(name, value, httponly=True, secure=SECURE, samesite="lax", path="/")
    return response


app = Starlette(
    routes=[
        Route("/", home, methods=["GET", "POST"]),
        Route("/sign-in", sign_in),
        Route("/signed-in", signed_in),
        Route("/sign-out", sign_out, methods=["POST"]),
    ],
    lifespan=lifespan,
)

if __name__ == "__main__":
    uvicorn.run(app, port=PORT)
