"""For tests of foreign clients: somebody who signs in, calls made together, and the server's own word for it."""

import json
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier
from typing import Any, Final, TypeVar
from urllib.request import urlopen

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from evergrant.cli.trying.forms import Person, walk
from evergrant.protocol.secret import Secret
from tests.e2e.command_line import listing
from tests.support.server import Server

T = TypeVar("T")

CALLS: Final = 8
"""In parallel, at expiry."""

LONG_AGO: Final = 1
"""As `expires_at`: seconds since 1970."""

REDIRECT_URI: Final = "http://127.0.0.1/callback"
SCOPE: Final = "openid profile email offline_access"

ONE_FOR_ALL: Final = Counter(renew=1, redeliver=CALLS - 1)
"""What the server decides when all calls refresh with one token: a successor, and again the same one."""

_TOGETHER_WITHIN: Final = 20.0  # seconds


def sign_in(server: Server, authorization_url: str) -> str:
    """The demo user signs in and allows; the URL where the browser is sent then."""
    with httpx2.Client() as browser:
        person = Person(server.demo.username, Secret(server.demo.password))
        return walk(browser, authorization_url, REDIRECT_URI, person)[0]


def in_threads(call: Callable[[], T]) -> list[T]:
    """Make the call in as many threads at once."""
    with ThreadPoolExecutor(CALLS) as pool:
        return [each.result() for each in [pool.submit(call) for _ in range(CALLS)]]


class Together:
    """A gate before the token endpoint: who comes first waits for the others, so that all hold the same refresh token.

    Without it the first answer may be there before the last thread has looked at the clock, and less is tested.
    Whoever comes after the first CALLS goes straight through.
    """

    def __init__(self) -> None:
        self._barrier = Barrier(CALLS)
        self._comers = count(1)

    def wait(self) -> None:
        """Wait for the others. Raises BrokenBarrierError when they do not come."""
        if next(self._comers) <= CALLS:
            self._barrier.wait(_TOGETHER_WITHIN)


def refreshes(server: Server) -> Counter[str]:
    """What the server has decided about refresh tokens since it started, by its own count."""
    return _decisions(server, "refresh_token")


def standing(server: Server, access_token: str) -> tuple[object, object]:
    """State and generation of the grant behind an access token. Asserts that refreshes have made no further rows."""
    grants = listing(server.data_dir, "grant", "list")
    assert len(grants) == _decisions(server, "authorization_code")["exchange"]
    (grant,) = [each for each in grants if each["grant"] == _claims(access_token)["gid"]]
    return grant["state"], grant["generation"]


def _decisions(server: Server, grant_type: str) -> Counter[str]:
    with urlopen(f"{server.base_url}/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        samples = [one for family in families for one in family.samples]
    found: Counter[str] = Counter()
    for one in samples:
        if one.name == "evergrant_token_decisions_total" and one.labels["grant_type"] == grant_type:
            found[one.labels["decision"]] += int(one.value)
    return found


def _claims(access_token: str) -> dict[str, Any]:
    payload = access_token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=="))
    return claims
