"""Which server is measured, and which of its processes are counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from evergrant.app.settings import is_loopback
from evergrant.cli.benching import cpu
from evergrant.cli.failures import USAGE, Failure
from evergrant.client.errors import ProtocolError
from evergrant.client.exchange import read_json
from evergrant.protocol.provider import BadMetadata, Provider, read_metadata


@dataclass(frozen=True, slots=True)
class Target:
    """`base_url` is where we connect to; `token`, `introspect` and `revoke` are paths there."""

    base_url: str
    provider: Provider
    token: str
    introspect: str
    revoke: str

    @property
    def plain(self) -> bool:
        """Without TLS."""
        return self.base_url.startswith("http://")

    @property
    def host(self) -> str:
        """For the Host header."""
        return urlsplit(self.base_url).netloc

    @property
    def port(self) -> int:
        """The TCP port."""
        return urlsplit(self.base_url).port or (80 if self.plain else 443)


@dataclass(frozen=True, slots=True)
class Watched:
    """The main processes of the server and of its store. Empty: not found, so no CPU is told."""

    server: tuple[int, ...]
    store: tuple[int, ...]

    def server_cpu_s(self) -> float | None:
        """Seconds so far."""
        return cpu.seconds(self.server) if self.server else None

    def store_cpu_s(self) -> float | None:
        """Seconds so far; None where the store is in the server (SQLite), or was not found."""
        return cpu.seconds(self.store) if self.store else None


def find(http: httpx2.Client, url: str, *, allow_remote: bool) -> Target:
    """The server at `url`. Raises Failure if nobody answers there, or if it is somebody else's machine."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Failure(f"{url} is no address", "Write http://localhost:8000", exit_code=USAGE)
    if not allow_remote and not is_loopback(parts.hostname):
        raise Failure(
            f"{parts.hostname} is not this machine, and a storm of requests is not for others",
            "If it is yours and may be slow for a while, add --allow-remote.",
            exit_code=USAGE,
        )
    try:
        answer = http.get(f"{url.rstrip('/')}/.well-known/openid-configuration")
    except httpx2.HTTPError:
        raise Failure(f"nobody answers at {url}", "Start the server, or name its address.") from None
    try:
        document = read_json(answer.content)
        provider = read_metadata(str(document.get("issuer")), document)
    except (BadMetadata, ProtocolError):
        raise Failure(f"no authorization server answers at {url}", "Name the address of the issuer.") from None
    return Target(
        f"{parts.scheme}://{parts.netloc}",
        provider,
        token=urlsplit(provider.token_endpoint).path,
        introspect=urlsplit(str(document.get("introspection_endpoint"))).path,
        revoke=urlsplit(str(document.get("revocation_endpoint"))).path,
    )


def watch(target: Target, server: Sequence[int], store: Sequence[int]) -> Watched:
    """The processes named, or else those that listen on the port and those these talk to, on this machine."""
    if not cpu.is_readable():
        return Watched((), ())
    remote = not is_loopback(urlsplit(target.base_url).hostname or "")
    found = tuple(server) or (() if remote else tuple(sorted(cpu.listeners(target.port))))
    return Watched(found, tuple(store) or _store_of(found, target.port))


def _store_of(server: tuple[int, ...], port: int) -> tuple[int, ...]:
    """PostgreSQL's main process, if the server is connected to one on this machine by TCP."""
    main = cpu.postmasters()
    for asked in cpu.talks_to(cpu.families(server), but_not_from=port):
        found = cpu.listeners(asked) & {*main}
        if found or len(main) == 1:
            return tuple(found) or (main[0],)
    return ()
