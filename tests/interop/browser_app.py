"""A browser application of an origin of its own, which signs people in with oidc-client-ts: a page on loopback."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.support.oidc_provider import NODE

LIBRARY = NODE / "node_modules" / "oidc-client-ts" / "dist" / "browser" / "oidc-client-ts.min.js"


@dataclass(slots=True)
class BrowserApp:
    """Where the application is, without a slash at the end, and what its UserManager is told."""

    origin: str
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its only page, also its redirect URI."""
        return f"{self.origin}/"


@contextmanager
def browser_app() -> Iterator[BrowserApp]:
    """Served until the block ends. Set `settings` before a page is opened."""
    if not LIBRARY.exists():
        raise RuntimeError("These tests need packages of npm: `make test` installs them.")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match urlsplit(self.path).path:
                case "/":
                    self._answer("text/html", (NODE / "app.html").read_bytes())
                case "/oidc-client-ts.js":
                    self._answer("text/javascript", LIBRARY.read_bytes())
                case "/settings.json":
                    self._answer("application/json", json.dumps(app.settings).encode())
                case _:
                    self.send_error(404)

        def _answer(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing: the test looks at the page."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    app = BrowserApp(f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield app
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
