"""Which session is meant: what was said, else what the last login said, else the development server here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from evergrant.app.demo_file import read_demo_file
from evergrant.cli.desk import Desk
from evergrant.cli.failures import Failure
from evergrant.cli.signing_in.last_login import Login, last_login
from evergrant.client import Client, FileVault, Issuer, TokenSet
from evergrant.client.keepings import key_of
from evergrant.protocol.secret import Secret

FILE_NAME: Final = "sessions.json"
DEFAULT_NAME: Final = "default"


@dataclass(frozen=True, slots=True)
class Given:
    """The options of the command."""

    issuer: str | None
    client_id: str | None
    client_secret: str | None = field(repr=False)
    name: str | None
    vault: Path | None
    ca_file: Path | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """One session of one person with one issuer, and the file that it is in."""

    file: Path
    login: Login
    secret: Secret | None

    @property
    def vault(self) -> FileVault:
        """Where it is kept."""
        return FileVault(self.file)

    @property
    def key(self) -> str:
        """What it is called there."""
        return key_of(self.login.issuer, self.login.client_id, "session", self.login.name)

    def held(self) -> TokenSet | None:
        """Its tokens as they are, without asking anybody. Raises VaultError."""
        return self.vault.load(self.key)

    def client(self, desk: Desk) -> Client:
        """Asks the issuer for its document. Raises ClientError."""
        # Late: what needs no network needs neither.
        import httpx2

        from evergrant.cli.trust import trust

        context = trust(desk, self.login.issuer, Path(self.login.ca_file) if self.login.ca_file else None)
        # As the library's own, no connection is kept: one that was closed just now looks like a lost answer.
        own = httpx2.Client(verify=context, limits=httpx2.Limits(max_keepalive_connections=0))
        issuer = Issuer.discover(self.login.issuer, http=None if context is True else own)
        return issuer.client(self.login.client_id, self.secret)


def choose(desk: Desk, given: Given) -> Chosen:
    """Raises Failure if it is not clear which, or if the client's secret is missing."""
    file = given.vault or desk.settings.data_dir / FILE_NAME
    last = last_login(file)
    login = _as_last(last, given) or _first(desk, given, last)
    login = replace(login, name=given.name or login.name)
    if given.ca_file is not None:
        login = replace(login, ca_file=str(given.ca_file.absolute()))
    return Chosen(file, login, _secret(login, given))


def _as_last(last: Login | None, given: Given) -> Login | None:
    if last is None or given.issuer not in (None, last.issuer) or given.client_id not in (None, last.client_id):
        return None
    return last


def _first(desk: Desk, given: Given, last: Login | None) -> Login:
    if given.client_id is not None:
        issuer = given.issuer or (last.issuer if last is not None else desk.settings.issuer)
        return Login(issuer, given.client_id, DEFAULT_NAME, has_secret=given.client_secret is not None)
    # Late: it brings half the server.
    from evergrant.app.demo import WEB

    demo = read_demo_file(desk.settings.data_dir)
    if given.issuer is not None and (demo is None or given.issuer != demo.issuer):
        raise Failure(
            f"as which client, at {given.issuer}?",
            "Register one there with the redirect URI http://127.0.0.1/callback (any port) and add --client-id.",
        )
    if demo is None:
        raise Failure(
            "nobody has signed in here, and there is no development server here to sign in to",
            "Name --issuer and --client-id for `evergrant login`, or start a server with `evergrant serve`.",
        )
    # EVERGRANT_CLIENT_SECRET may be set for another client: this one has none.
    return Login(demo.issuer, WEB, DEFAULT_NAME, has_secret=False)


def _secret(login: Login, given: Given) -> Secret | None:
    if not login.has_secret:
        return None
    if not given.client_secret:
        raise Failure(f"the client {login.client_id} has a secret, which is not kept", "Set EVERGRANT_CLIENT_SECRET.")
    return Secret(given.client_secret)
