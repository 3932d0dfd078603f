"""`evergrant login`, `token` and `logout`: a session for shells and scripts, with our server and with another one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest

from evergrant.cli.trying.forms import Person, walk
from evergrant.client import FileVault, TokenSet
from evergrant.client.keepings import key_of
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis
from tests.e2e.command_line import command, post
from tests.interop.at_expiry import CALLS, refreshes
from tests.support.oidc_provider import OidcProvider
from tests.support.server import Server, StartServer, evergrant

LONG_AGO = Millis(1_000)
ENDS_WITHIN = 60  # seconds


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What `evergrant login` said, on both streams."""

    out: str
    err: str


def login(data_dir: Path, browser: Callable[[str], str], *options: str, **settings: str) -> SignedIn:
    """Run it; `browser` is given the address and says where it is sent at last. Asserts that it succeeds."""
    with subprocess.Popen(
        [sys.executable, "-m", "evergrant", "login", "--no-open-browser", *options],
        env={**_inherited(), "EVERGRANT_DATA_DIR": str(data_dir), "PYTHONDONTWRITEBYTECODE": "", **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            first = process.stderr.readline()
            assert first == "Sign in here:\n", first + process.stderr.read()
            url = process.stderr.readline().strip()
            assert "Done" in httpx2.get(browser(url)).text
            out, err = process.communicate(timeout=ENDS_WITHIN)
        finally:
            process.kill()
        assert process.returncode == 0, err
        return SignedIn(out, first + url + err)


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("EVERGRANT_")}


def demo_person(server: Server) -> Callable[[str], str]:
    """A browser in which the demo person signs in by our forms."""

    def browse(url: str) -> str:
        with httpx2.Client(timeout=20) as browser:
            person = Person(server.demo.username, Secret(server.demo.password))
            return walk(browser, url, httpx2.URL(url).params["redirect_uri"], person)[0]

    return browse


def vault_of(server: Server) -> Path:
    return server.data_dir / "sessions.json"


def key(server: Server, name: str, client_id: str = "demo-web") -> str:
    return key_of(server.base_url, client_id, "session", name)


def held(server: Server, name: str) -> TokenSet:
    tokens = FileVault(vault_of(server)).load(key(server, name))
    assert tokens is not None
    return tokens


def expire(vault: Path, session: str) -> TokenSet:
    """The access token of that session has expired, as far as anybody here can tell."""
    with FileVault(vault).locked(session, 5.0) as drawer:
        tokens = drawer.load()
        assert tokens is not None
        drawer.save(replace(tokens, obtained_at=LONG_AGO, expires_at=LONG_AGO))
    return tokens


def user_info(server: Server, access_token: str) -> int:
    """What the server says to the token: 200 or 401."""
    return httpx2.get(f"{server.base_url}/userinfo", headers={"Authorization": f"Bearer {access_token}"}).status_code


@pytest.fixture(scope="module")
def signed_in(server: Server) -> SignedIn:
    """The demo person has signed in without saying anything."""
    return login(server.data_dir, demo_person(server))


def test_without_options_it_signs_in_at_the_development_server_and_says_who_and_until_when(
    server: Server, signed_in: SignedIn
) -> None:
    tokens = held(server, "default")

    assert tokens.subject is not None
    assert f"Ada · {tokens.subject}" in signed_in.out
    assert server.base_url in signed_in.out
    assert "until      20" in signed_in.out


def test_it_tells_nobody_a_token(server: Server, signed_in: SignedIn) -> None:
    said = signed_in.out + signed_in.err

    assert not any(secret in said for secret in ("eg_rt_", "eyJ", server.demo.password))
    assert vault_of(server).stat().st_mode & 0o077 == 0


def test_what_it_remembers_of_the_login_is_no_secret(server: Server, signed_in: SignedIn) -> None:
    remembered = vault_of(server).with_name("sessions.json.last").read_text()

    assert json.loads(remembered) == {
        "issuer": server.base_url,
        "client_id": "demo-web",
        "name": "default",
        "has_secret": False,
        "scope": None,
        "resource": None,
        "ca_file": None,
    }


def test_the_token_alone_is_on_standard_output_and_works(server: Server, signed_in: SignedIn) -> None:
    done = evergrant("token", data_dir=server.data_dir)

    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    assert user_info(server, done.stdout.strip()) == 200


def test_programs_are_told_when_it_expires_and_what_it_is_for(server: Server, signed_in: SignedIn) -> None:
    tokens = held(server, "default")

    told = command(server.data_dir, "token")

    assert told == {
        "access_token": tokens.access_token.reveal(),
        "token_type": "Bearer",
        "expires_at": tokens.expires_at,
        "scope": tokens.scope,
        "issuer": server.base_url,
        "subject": tokens.subject,
    }


def test_eight_shells_at_once_renew_an_expired_token_once(server: Server, signed_in: SignedIn) -> None:
    before, old = refreshes(server), expire(vault_of(server), key(server, "default"))

    with ThreadPoolExecutor(CALLS) as pool:
        asked = [pool.submit(evergrant, "token", data_dir=server.data_dir) for _ in range(CALLS)]
    printed = {each.result().stdout.strip() for each in asked}

    assert [each.result().returncode for each in asked] == [0] * CALLS
    assert refreshes(server) - before == {"renew": 1}
    assert printed == {held(server, "default").access_token.reveal()}
    assert printed != {old.access_token.reveal()}


def test_an_ended_session_asks_for_a_new_sign_in(server: Server, tmp_path: Path) -> None:
    vault = tmp_path / "mine.json"
    login(server.data_dir, demo_person(server), "--vault", str(vault))
    tokens = expire(vault, key(server, "default"))
    assert tokens.refresh_token is not None
    post(f"{server.base_url}/revoke", {"token": tokens.refresh_token.reveal(), "client_id": "demo-web"})

    done = evergrant("token", "--vault", str(vault), data_dir=server.data_dir)

    assert (done.returncode, done.stdout) == (1, "")
    assert "has ended" in done.stderr
    assert "evergrant login" in done.stderr


def test_logout_ends_the_session_at_the_issuer_and_says_where_the_browser_signs_out(
    server: Server, tmp_path: Path
) -> None:
    vault = tmp_path / "mine.json"
    login(server.data_dir, demo_person(server), "--vault", str(vault), "--name", "leaving")
    tokens = FileVault(vault).load(key(server, "leaving"))
    assert tokens is not None

    told = command(server.data_dir, "logout", "--vault", str(vault))
    after = evergrant("token", "--vault", str(vault), data_dir=server.data_dir)

    assert (told["signed_in"], told["revoked"]) == (False, True)
    assert str(told["logout_url"]).startswith(f"{server.base_url}/")
    assert user_info(server, tokens.access_token.reveal()) == 401
    assert (after.returncode, "nobody is signed in" in after.stderr) == (1, True)


def test_to_sign_out_twice_is_no_mistake(server: Server) -> None:
    done = evergrant("logout", "--name", "never-there", data_dir=server.data_dir)

    assert (done.returncode, "Nobody is signed in" in done.stdout) == (0, True)


def test_an_issuer_that_is_down_costs_no_session(start_server: StartServer) -> None:
    server = start_server()
    login(server.data_dir, demo_person(server))
    server.stop()

    good = evergrant("token", data_dir=server.data_dir)
    expired = expire(vault_of(server), key(server, "default"))
    refused = evergrant("token", data_dir=server.data_dir)
    kept = held(server, "default")
    left = evergrant("logout", data_dir=server.data_dir)

    assert (good.returncode, good.stdout.strip()) == (0, expired.access_token.reveal())
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "cannot be reached" in refused.stderr
    assert "The session is kept." in refused.stderr
    assert kept.refresh_token == expired.refresh_token
    assert (left.returncode, "could not be told" in left.stdout) == (1, True)
    assert FileVault(vault_of(server)).load(key(server, "default")) is None


def test_a_clients_secret_is_not_kept(server: Server, tmp_path: Path) -> None:
    vault = ("--vault", str(tmp_path / "mine.json"))
    secret = {"EVERGRANT_CLIENT_SECRET": server.demo.clients["demo-service"].client_secret or ""}
    asked = ("--issuer", server.base_url, "--client-id", "demo-service", *vault)
    login(server.data_dir, demo_person(server), *asked, **secret)
    expire(tmp_path / "mine.json", key(server, "default", "demo-service"))

    without = evergrant("token", *vault, data_dir=server.data_dir)
    with_it = evergrant("token", *vault, data_dir=server.data_dir, settings=secret)

    assert (without.returncode, "EVERGRANT_CLIENT_SECRET" in without.stderr) == (1, True)
    assert with_it.returncode == 0, with_it.stderr
    written = [path.read_text() for path in tmp_path.iterdir() if path.is_file()]
    assert not any(secret["EVERGRANT_CLIENT_SECRET"] in text for text in written)


def test_a_vault_that_cannot_be_used_is_told_before_anybody_signs_in(server: Server, tmp_path: Path) -> None:
    damaged = tmp_path / "sessions.json"
    damaged.write_text("{")
    damaged.chmod(0o600)

    done = evergrant("login", "--vault", str(damaged), data_dir=server.data_dir)

    assert (done.returncode, "damaged" in done.stderr, "Sign in here" in done.stderr) == (1, True, False)


@pytest.mark.parametrize(
    ("options", "told"),
    [((), "no development server"), (("--issuer", "https://login.example.com"), "as which client")],
)
def test_a_folder_without_a_login_says_what_to_do(tmp_path: Path, options: tuple[str, ...], told: str) -> None:
    done = evergrant("token", *options, data_dir=tmp_path / "data")

    assert (done.returncode, told in done.stderr, "evergrant:" in done.stderr) == (1, True, True)


def test_any_issuer_will_do(oidc_provider: OidcProvider, tmp_path: Path) -> None:
    """Somebody else's server: it gives opaque access tokens and a refresh token that works once."""
    data_dir, issuer = tmp_path / "data", oidc_provider.issuer
    asked = ("--issuer", issuer, "--client-id", oidc_provider.public.client_id)

    said = login(data_dir, lambda url: oidc_provider.sign_in(f"{url}&prompt=consent"), *asked)
    session = key_of(issuer, oidc_provider.public.client_id, "session", "default")
    first = expire(data_dir / "sessions.json", session)
    renewed = command(data_dir, "token")
    left = evergrant("logout", data_dir=data_dir)

    assert issuer in said.out
    assert renewed["access_token"] != first.access_token.reveal()
    assert left.returncode == 0, left.stderr
    assert "ended at the issuer" in left.stdout
