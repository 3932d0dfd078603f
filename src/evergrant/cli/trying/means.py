"""With which client the loop is walked, and who signs in: the demo person by forms, or the user in a browser."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2

from evergrant.app.demo_file import DemoFile, read_demo_file
from evergrant.app.settings import Settings
from evergrant.app.wiring import clock, random
from evergrant.cli.address import open_address, print_address
from evergrant.cli.desk import Desk
from evergrant.cli.failures import Failure
from evergrant.cli.trust import trust
from evergrant.cli.trying.forms import Person, walk
from evergrant.cli.trying.loop import Means, SignsIn
from evergrant.client.client import BROWSER_WAIT_S
from evergrant.client.exchange import Attempt, Identity
from evergrant.client.loopback import Callback
from evergrant.protocol.secret import Secret

DEMO_CLIENT: Final = "demo-web"
DEMO_REDIRECT: Final = "http://127.0.0.1/callback"
_TIMEOUT_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of the command."""

    issuer: str | None
    client_id: str | None
    client_secret: str | None = field(repr=False)
    ca_file: Path | None
    open_browser: bool


@contextmanager
def choose(desk: Desk, wanted: Wanted) -> Iterator[tuple[str, Means]]:
    """The issuer and the means to try it. Raises Failure if nobody could sign in."""
    demo = None if wanted.client_id else _demo(desk.settings, wanted)
    issuer = wanted.issuer or desk.settings.issuer
    with httpx2.Client(
        timeout=_TIMEOUT_S, verify=trust(desk, issuer, wanted.ca_file), headers={"User-Agent": "evergrant-try"}
    ) as http:
        if demo is not None:
            sign_in = _by_forms(http, Person(demo.username, demo.password))
            yield issuer, _means(http, Identity(DEMO_CLIENT), DEMO_REDIRECT, sign_in)
            return
        with Callback() as callback:
            secret = Secret(wanted.client_secret) if wanted.client_secret else None
            sign_in = _by_browser(callback, open_address if wanted.open_browser else print_address)
            yield issuer, _means(http, Identity(wanted.client_id or "", secret), callback.uri, sign_in)


def _demo(settings: Settings, wanted: Wanted) -> DemoFile:
    """Development mode's own person and client, if the issuer is this development server."""
    demo = read_demo_file(settings.data_dir)
    if demo is None and wanted.issuer is None:
        raise Failure(
            "there is no development server here to try", "Start one with `evergrant serve`, or name --issuer."
        )
    if demo is None or (wanted.issuer is not None and wanted.issuer != demo.issuer):
        raise Failure(
            "another issuer is tried with a client of its own",
            f"Register one there with the redirect URI {DEMO_REDIRECT} (any port) and add --client-id.",
        )
    return demo


def _means(http: httpx2.Client, client: Identity, redirect_uri: str, sign_in: SignsIn) -> Means:
    def attempt(scope: str) -> Attempt:
        return Attempt(redirect_uri, scope, state=_text(16), nonce=_text(16), verifier=Secret(_text(32)))

    return Means(http=http, client=client, sign_in=sign_in, new_attempt=attempt, now_s=lambda: clock() // 1000)


def _text(size: int) -> str:
    return urlsafe_b64encode(random(size)).rstrip(b"=").decode()


def _by_forms(http: httpx2.Client, person: Person) -> SignsIn:
    def sign_in(url: str, attempt: Attempt) -> tuple[str, str]:
        came_back, shown = walk(http, url, attempt.redirect_uri, person)
        return came_back, f"as {person.username}, pages: {', '.join(shown) or 'none'}"

    return sign_in


def _by_browser(callback: Callback, show: Callable[[str], None]) -> SignsIn:
    def sign_in(url: str, attempt: Attempt) -> tuple[str, str]:
        show(url)
        return callback.wait_for(attempt.state, BROWSER_WAIT_S), "in your browser"

    return sign_in
