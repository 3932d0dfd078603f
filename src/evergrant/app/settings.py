"""The settings as they hold: checked, complete, and immutable. Everything that is wrong is said at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from evergrant.app.given import Events, Given, Keys, Listen, Log, Reaper, Session, Tls, collect
from evergrant.app.master_key import FORM, read_master_keys
from evergrant.app.policies import read_policies
from evergrant.app.problems import Problem, SettingsError
from evergrant.core.credential import MasterKeys
from evergrant.core.durability import Durability
from evergrant.core.policy import PolicyError, PolicyValue
from evergrant.protocol.secret import Secret

Network = IPv4Network | IPv6Network
MOST_WORKERS: Final = 256
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_NEW_KEY: Final = 'python -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"'


@dataclass(frozen=True, slots=True)
class Settings:
    """All lengths of time are in milliseconds. `masters` is None in development: a file in `data_dir` holds them.

    `issuer_is_assumed`: nobody said it, so it follows from the port.
    """

    development: bool
    data_dir: Path
    issuer: str
    database_url: Secret
    masters: MasterKeys | None
    database_batches: int = 1
    renewal_durability: Durability = "replicated"
    trusted_proxies: tuple[Network, ...] = ()
    metrics_networks: tuple[Network, ...] = ()
    allowed_hosts: frozenset[str] = frozenset()
    listen: Listen = field(default_factory=Listen)
    tls: Tls = field(default_factory=Tls)
    session: Session = field(default_factory=Session)
    reaper: Reaper = field(default_factory=Reaper)
    events: Events = field(default_factory=Events)
    keys: Keys = field(default_factory=Keys)
    log: Log = field(default_factory=Log)
    policy: Mapping[str, PolicyValue] = field(default_factory=dict)
    issuer_is_assumed: bool = False

    @property
    def sqlite(self) -> bool:
        """Whether the store is one SQLite file, and so one process."""
        return self.database_url.reveal().startswith("sqlite")

    @property
    def https(self) -> bool:
        """Whether clients and browsers reach the issuer by https."""
        return self.issuer.startswith("https://")

    @property
    def database_in_words(self) -> str:
        """Which database it is, without its credentials."""
        if self.sqlite:
            return f"SQLite, {self.database_file}"
        return "PostgreSQL, " + self.database_url.reveal().partition("://")[2].rpartition("@")[2].partition("?")[0]

    @property
    def database_file(self) -> Path | None:
        """The SQLite file; None for PostgreSQL."""
        return Path(self.database_url.reveal().partition("///")[2].partition("?")[0]) if self.sqlite else None


def load_settings(folder: Path | None = None, /, **given: object) -> Settings:
    """The settings of the file in `folder` (the working directory), the environment, and `given`, which wins.

    A name in `given` is one of the top level: `env="production"`, `listen={"port": 8001}`.
    Raises SettingsError with every problem there is.
    """
    folder = folder or Path.cwd()
    collected, problems = collect(given, folder)
    settings = _Check(collected, problems, folder).settings()
    if problems:
        raise SettingsError(problems)
    return settings


class _Check:
    """Turns what was given into settings, and writes down what is wrong."""

    def __init__(self, given: Given, problems: list[Problem], folder: Path) -> None:
        self._given = given
        self._problems = problems
        self._folder = folder
        self._development = given.env == "development"

    def settings(self) -> Settings:
        """As far as they can be: with a problem noted, a value may be a stopgap."""
        given = self._given
        self._check_listening()
        issuer = self._issuer()
        return Settings(
            development=self._development,
            data_dir=self._folder / given.data_dir,
            issuer=issuer,
            database_url=self._database_url(),
            masters=self._masters(),
            database_batches=given.database.batches,
            renewal_durability=given.database.renewal_durability,
            trusted_proxies=self._networks("trusted_proxies", given.trusted_proxies),
            metrics_networks=self._networks("metrics_networks", given.metrics_networks),
            allowed_hosts=self._hosts(issuer),
            listen=given.listen,
            tls=given.tls,
            session=given.session,
            reaper=given.reaper,
            events=given.events,
            keys=given.keys,
            log=given.log,
            policy=self._policy(),
            issuer_is_assumed=self._given.issuer is None,
        )

    def _wrong(self, key: str, wrong: str, remedy: str) -> None:
        # A value that was refused already, or whose whole section was, is not called missing as well.
        told = {problem.key for problem in self._problems}
        if not told & {key, f"{key}_file", key.partition(".")[0]}:
            self._problems.append(Problem(key, wrong, remedy))

    def _issuer(self) -> str:
        given, scheme = self._given, "https" if self._given.tls.cert else "http"
        if given.issuer is None:
            if not self._development:
                self._wrong("issuer", "is missing", "Set EVERGRANT_ISSUER to the https URL that clients use.")
            elif given.listen.port == 0:
                self._wrong("issuer", "is unknown while the port is", "Set the port or the issuer.")
            return f"{scheme}://localhost:{given.listen.port}"
        problem = _issuer_problem(given.issuer, production=not self._development)
        if problem is not None:
            self._wrong("issuer", problem, "Set EVERGRANT_ISSUER, for example https://login.example.com.")
            return f"{scheme}://localhost:{given.listen.port}"
        return given.issuer

    def _check_listening(self) -> None:
        listen, tls = self._given.listen, self._given.tls
        if self._development and not is_loopback(listen.host):
            self._wrong(
                "listen.host",
                "development mode listens on loopback only, because its secrets lie in files and its demo user is real",
                "Use --host 127.0.0.1, or set EVERGRANT_ENV=production.",
            )
        if listen.workers is not None and not 1 <= listen.workers <= MOST_WORKERS:
            self._wrong(
                "listen.workers",
                f"{listen.workers} is not a number of processes that can serve",
                f"Use 1 to {MOST_WORKERS}, or leave it out: one for each core on PostgreSQL, one on SQLite.",
            )
        if (tls.cert is None) is not (tls.key is None):
            missing = "tls.cert" if tls.cert is None else "tls.key"
            self._wrong(missing, "is missing beside the other half", "Give both --tls-cert and --tls-key.")
        for name, path in (("tls.cert", tls.cert), ("tls.key", tls.key)):
            if path is not None and not path.is_file():
                self._wrong(name, f"there is no file {path}", "Name a PEM file.")

    def _database_url(self) -> Secret:
        database = self._given.database
        url = self._one_of("database.url", database.url, database.url_file)
        if url is None:
            if not self._development:
                self._wrong(
                    "database.url",
                    "is missing",
                    "Set EVERGRANT_DATABASE__URL, or EVERGRANT_DATABASE__URL_FILE to a file that holds it.",
                )
            return Secret(f"sqlite:///{self._folder / self._given.data_dir / 'evergrant.db'}")
        for spelling in ("postgres://", "postgresql://"):
            if url.startswith(spelling):
                return Secret("postgresql+psycopg://" + url.removeprefix(spelling))
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            self._wrong("database.url", "is neither SQLite nor PostgreSQL", "Use sqlite:///… or postgresql://….")
        return Secret(url)

    def _masters(self) -> MasterKeys | None:
        given = self._given
        text = self._one_of("master_key", given.master_key, given.master_key_file)
        if text is None:
            if not self._development:
                self._wrong(
                    "master_key",
                    "is missing",
                    f"Set EVERGRANT_MASTER_KEY_FILE or EVERGRANT_MASTER_KEY to {FORM}. Make one: {_NEW_KEY}",
                )
            return None
        try:
            return read_master_keys(text)
        except ValueError as problem:
            self._wrong("master_key", str(problem), f"Make one: {_NEW_KEY}")
            return None

    def _one_of(self, key: str, text: str | None, file: Path | None) -> str | None:
        """A secret given itself or by the file that holds it."""
        variable = "EVERGRANT_" + key.upper().replace(".", "__")
        if file is None:
            return text
        if text is not None:
            self._wrong(key, "is given twice, itself and by a file", f"Keep {variable} or {variable}_FILE.")
        try:
            return (self._folder / file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            self._wrong(f"{key}_file", f"{file} cannot be read", "Name a readable text file.")
            return None

    def _networks(self, key: str, texts: tuple[str, ...]) -> tuple[Network, ...]:
        networks: list[Network] = []
        for text in texts:
            try:
                networks.append(ip_network(text))
            except ValueError:
                self._wrong(key, f"{text} is not a network", "Write 10.0.0.0/8 or 2001:db8::/32.")
        return tuple(networks)

    def _hosts(self, issuer: str) -> frozenset[str]:
        parts = urlsplit(issuer)
        hosts = {parts.netloc.lower()}
        if self._development:
            # Behind a tunnel or in another program it is asked under the issuer's port, and under its own.
            ports = {"" if parts.port is None else f":{parts.port}", f":{self._given.listen.port}"}
            hosts |= {name + port for name in ("localhost", "127.0.0.1", "[::1]") for port in ports}
        for text in self._given.allowed_hosts:
            if any(character in text for character in "/@ *?#"):
                self._wrong(
                    "allowed_hosts", f"{text} is not a host", "Write names, with a port where it is not the usual one."
                )
        return frozenset(hosts | {host.lower() for host in self._given.allowed_hosts})

    def _policy(self) -> Mapping[str, PolicyValue]:
        try:
            return read_policies(self._given.policy)
        except PolicyError as problem:
            self._wrong("policy", str(problem), "Durations are written 60s, 15m, 12h or 90d.")
            return {}


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can reach `host`."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() in LOOPBACK_NAMES


def _issuer_problem(issuer: str, *, production: bool) -> str | None:
    """Why this cannot be an issuer (RFC 8414 §2), or None."""
    try:
        parts = urlsplit(issuer)
        port_is_readable = parts.port is None or parts.port > 0
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_readable:
        return "is not an http or https URL"
    if parts.query or parts.fragment or parts.username is not None or issuer.endswith(("?", "#")):
        return "has a query, a fragment or a user name"
    if parts.scheme == "http" and production:
        return "must be https in production"
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return "must be https unless its host is this machine"
    if parts.netloc != parts.netloc.lower() or any(c.isspace() or ord(c) > 126 for c in issuer):
        # Clients compare it byte by byte: a spelling that browsers or proxies rewrite never matches again.
        return "must be written in lower case and plain ASCII"
    return None
