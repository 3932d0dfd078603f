"""A client's redirect URI that really listens, for browser journeys."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.waiting import until

_PAGE = b"<!doctype html><html lang=en><title>Back at the client</title><link rel=icon href=data:,><p>Back.</p>"


@dataclass(slots=True)
class Callback:
    """The queries that arrived, oldest first."""

    port: int
    arrived: list[dict[str, list[str]]] = field(default_factory=list)

    def uri(self, path: str = "/callback", host: str = "127.0.0.1") -> str:
        """A redirect URI here: any loopback port will do (RFC 8252 §7.3)."""
        return f"http://{host}:{self.port}{path}"

    def next(self) -> dict[str, str]:
        """Wait for a redirect and take it. Asserts that no parameter is repeated."""
        query = until(lambda: self.arrived[:1], what="the browser comes back to the client")[0]
        self.arrived.pop(0)
        assert all(len(values) == 1 for values in query.values()), query
        return {name: values[0] for name, values in query.items()}


@pytest.fixture
def callback() -> Iterator[Callback]:
    """A listening redirect URI for one test."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path != "/favicon.ico":
                listening.arrived.append(parse_qs(parts.query, keep_blank_values=True))
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Cache-Control", "no-store")  # or a browser that goes back would not come again
            self.send_header("Content-Length", str(len(_PAGE)))
            self.end_headers()
            self.wfile.write(_PAGE)

        def log_message(self, *arguments: object) -> None:
            """Say nothing: the test looks at what arrived."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening = Callback(http.server_port)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield listening
    http.shutdown()
    http.server_close()
    thread.join()
