"""`create_app` served over real HTTP on a free loopback port, with a clock that a test may move."""

import io
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx2
import uvicorn

from evergrant.app.settings import Settings, load_settings
from evergrant.app.wiring import application
from evergrant.cli.serving.bounded_requests import BoundedRequests
from evergrant.server.log import open_log
from tests.protocol.movable_clock import MovableClock
from tests.protocol.operator_desk import Desk
from tests.protocol.registry import Registry
from tests.support.waiting import until

SECOND, MINUTE, DAY = 1_000, 60_000, 86_400_000


class LogLines(io.StringIO):
    """What the server logs, whole lines."""

    def entries(self) -> list[dict[str, Any]]:
        """Every line, oldest first."""
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def about(self, correlation_id: str) -> list[dict[str, Any]]:
        """The lines of one request."""
        return [entry for entry in self.entries() if entry.get("correlation_id") == correlation_id]


def body(response: httpx2.Response) -> dict[str, Any]:
    """A JSON object."""
    return cast(dict[str, Any], response.json())


def error(response: httpx2.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return response.status_code, body(response)["error"]


@dataclass(frozen=True, slots=True)
class Served:
    """A running server. `url` is the default realm's issuer, without a slash at the end."""

    url: str
    settings: Settings
    clock: MovableClock
    log: LogLines
    registry: Registry
    desk: Desk
    http: httpx2.Client = field(repr=False)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def at(self, realm: str) -> str:
        """The issuer of another realm of this server."""
        return f"{self.url}/realms/{realm}"


@contextmanager
def serve_app(app: Any, listener: socket.socket) -> Iterator[None]:
    """Serve an ASGI application on a listening socket until the block ends."""
    config = uvicorn.Config(
        app,
        http=BoundedRequests,
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive(), what="uvicorn has started")
        assert thread.is_alive(), "the application did not start"
        yield
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "the server did not stop"


def listen() -> socket.socket:
    """A socket on a free loopback port."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    return listener


@contextmanager
def served(folder: Path, *, path: str = "", **given: object) -> Iterator[Served]:
    """A development server with its data in `folder`. `given`: settings, as `load_settings` takes them."""
    listener, clock, log = listen(), MovableClock(), LogLines()
    port = listener.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    settings = load_settings(
        folder,
        **{"issuer": f"http://localhost:{port}{path}", "listen": {"port": port}, "log": {"format": "json"}, **given},
    )
    app = application(settings, open_log("json", "info", clock, log), clock=clock)
    with serve_app(app, listener), httpx2.Client(base_url=f"http://localhost:{port}", timeout=30) as http:
        registry = Registry(settings, clock)
        yield Served(f"http://localhost:{port}", settings, clock, log, registry, Desk(settings, clock, registry), http)
