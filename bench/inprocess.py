"""µs of CPU of everything between uvicorn and the store's verbs: the real ASGI application in this process, no sockets.

    .venv/bin/python bench/inprocess.py [refresh client_credentials introspect] [--rounds 15] [--profile 25]

The store is in memory, so that what remains is routing, form, authentication, judgement, signature, metrics, log (to a
file) and answer. CPU figures swell when the host is busy: each round also times one raw ES256 signature, and the ratio
is what to compare between runs. `driver` is what this program itself costs per request (the same loop around an
application that only answers); `store` is what the dictionaries cost; neither is the server's, both are taken off in
`server`. `make bench` measures a real server with sockets and a database.
"""

import argparse
import asyncio
import cProfile
import json
import pstats
import tempfile
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvloop

from evergrant.app.settings import load_settings
from evergrant.app.wiring import application, clock
from evergrant.cli.benching.calibration import signature_us
from evergrant.core.facts import Caller
from evergrant.core.ports.ledger import Renewal
from evergrant.core.ports.reader import GrantFilter
from evergrant.core.ports.store import RealmStore
from evergrant.protocol.values import Millis
from evergrant.server.log import open_log
from evergrant.store.memory import MemoryStore

App = Callable[..., Awaitable[None]]
Fields = dict[str, str]
CHAINS = 64
FLOOR_US = 16.4  # one ES256 signature on a quiet host
STORE_VERBS = {"refresh": ("grant", "renew"), "client_credentials": (), "introspect": ("is_claimed", "grant")}


def main() -> None:
    """Prints one line of JSON per kind of request; with --profile the functions that cost most as well."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("kinds", nargs="*", metavar="kind", help=", ".join(STORE_VERBS))
    options.add_argument("--requests", type=int, default=1280, help="per round")
    options.add_argument("--rounds", type=int, default=15, help="the least counts")
    options.add_argument("--scope", default="", help="of the grants; empty: all that the client may ask but openid")
    options.add_argument("--profile", type=int, default=0, metavar="N", help="the N most costly functions")
    uvloop.run(run(options.parse_args()))


async def run(asked: argparse.Namespace) -> None:
    """A server in development mode on dictionaries, its demo client `demo-legacy`, one chain of tokens each."""
    store = MemoryStore()
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w") as log:
        settings = load_settings(Path(folder) / "data", log={"format": "json"})
        app = application(settings, open_log("json", "info", clock, log), store_at=lambda _url, _batches: store)
        await app.start()
        demo = json.loads((settings.data_dir / "demo.json").read_text())
        chains = [await Chain.begin(app, demo, asked.scope) for _ in range(CHAINS)]
        realm = (await store.realms())[0]
        here = store.realm_store(realm.id)
        for kind in asked.kinds or STORE_VERBS:
            print(json.dumps(await measure(app, chains, kind, here, asked)), flush=True)
            if asked.profile:
                await profile(app, chains, kind, asked)
        await app.close()


class Chain:
    """One client that refreshes, introspects, or asks for tokens of its own, again and again."""

    def __init__(self, clients: dict[str, Fields], tokens: Fields) -> None:
        self._legacy, self._service = clients["demo-legacy"], clients["demo-service"]
        self._tokens = tokens

    @classmethod
    async def begin(cls, app: App, demo: dict[str, Any], scope: str) -> "Chain":
        """Signs in by password."""
        clients = demo["clients"]
        fields = {"grant_type": "password", **demo["user"], **clients["demo-legacy"]}
        return cls(clients, await post(app, "/token", fields | ({"scope": scope} if scope else {})))

    async def refresh(self, app: App) -> None:
        shown = {"grant_type": "refresh_token", "refresh_token": self._tokens["refresh_token"]}
        self._tokens = await post(app, "/token", shown | self._legacy)

    async def client_credentials(self, app: App) -> None:
        await post(app, "/token", {"grant_type": "client_credentials", **self._service})

    async def introspect(self, app: App) -> None:
        answer: Any = await post(app, "/introspect", {"token": self._tokens["access_token"], **self._legacy})
        assert answer["active"]

    async def nothing(self, app: App) -> None:
        shown = {"grant_type": "refresh_token", "refresh_token": self._tokens["refresh_token"]}
        await post(app, "/token", shown | self._legacy)


async def post(app: App, path: str, fields: Fields) -> Fields:
    """One request as uvicorn hands it over; its JSON. Any other status than 200 ends the bench."""
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    scope: MutableMapping[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "root_path": "",
        "headers": [
            (b"host", b"localhost:8000"),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(body)).encode()),
        ],
        "state": {},
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
    }
    sent: list[Any] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["status"] == 200, sent
    answer: Fields = json.loads(sent[1]["body"])
    return answer


async def only_answers(_scope: object, receive: Callable[[], Awaitable[Any]], send: Callable[..., Any]) -> None:
    """What is left of a server when everything is taken away."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": _ANSWER})


_ANSWER = json.dumps({"access_token": "x" * 600, "refresh_token": "x" * 78, "expires_in": 900, "scope": "a"}).encode()


async def storm(app: App, chains: list[Chain], kind: str, requests: int) -> float:
    """µs of CPU per request. The chains take turns, so that some are always under way together."""

    async def go(chain: Chain) -> None:
        step = getattr(chain, kind)
        for _ in range(requests // CHAINS):
            await step(app)
            await asyncio.sleep(0)

    began = time.process_time()
    await asyncio.gather(*map(go, chains))
    return (time.process_time() - began) * 1e6 / requests


async def measure(
    app: App, chains: list[Chain], kind: str, store: RealmStore, asked: argparse.Namespace
) -> dict[str, object]:
    """The least of the rounds."""
    driver_chains = [Chain({"demo-legacy": {"client_id": "x", "client_secret": "y" * 49}, "demo-service": {}}, _TOKENS)]
    driver_chains *= CHAINS
    rounds = []
    await storm(app, chains, kind, asked.requests)
    for _ in range(asked.rounds):
        whole = await storm(app, chains, kind, asked.requests)
        driver = await storm(only_answers, driver_chains, "nothing", asked.requests)
        rounds.append((signature_us(), whole, driver, await asking(store, STORE_VERBS[kind])))
    # The least of each: other programs can only add.
    signature, whole, driver, verbs = map(min, zip(*rounds, strict=True))
    server = whole - driver - verbs
    figures = {"signature": signature, "whole": whole, "driver": driver, "store": verbs, "server": server}
    ratio = server / signature
    return {
        "kind": kind,
        **{name: round(value, 1) for name, value in figures.items()},
        "in_signatures": round(ratio, 2),
        "on_a_quiet_host": round(ratio * FLOOR_US, 1),
    }


_TOKENS = {"refresh_token": "x" * 78}


async def asking(store: RealmStore, verbs: tuple[str, ...]) -> float:
    """µs of CPU of the dictionaries' part of a request."""
    grant, times = (await store.grants(GrantFilter(), 1))[0], 2000
    # Condition never met: the grants stay as they are. What `replace` costs a renewal in memory is counted apart.
    renewal = Renewal(grant.id, grant.generation, Millis(0), grant.generation, False, 1, Millis(0), Caller())
    began = time.process_time()
    for _ in range(times):
        if "grant" in verbs:
            await store.grant(grant.id)
        if "renew" in verbs:
            await store.renew(renewal, events=())
            copy_of(grant)
        if "is_claimed" in verbs:
            await store.is_claimed("access_token", b"x" * 22)
    return (time.process_time() - began) * 1e6 / times


def copy_of(grant: Any) -> object:
    """As a renewal in memory makes one."""
    return replace(grant, generation=1, key_id=1, renewed_at=1, used_at=1, retries=0, seen=grant.seen)


async def profile(app: App, chains: list[Chain], kind: str, asked: argparse.Namespace) -> None:
    """The functions that cost most themselves. A profiler slows Python down more than C: ratios mislead a little."""
    profiler = cProfile.Profile(time.process_time)
    profiler.enable()
    await storm(app, chains, kind, 5 * asked.requests)
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(asked.profile)


if __name__ == "__main__":
    main()
