"""Listens on loopback for a browser that comes back from signing in. RFC 8252 §7.3."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from typing import Final
from urllib.parse import parse_qs, urlsplit

from evergrant.client.errors import ClientError

PATH: Final = "/callback"
_STRANGERS: Final = 20
_DONE: Final = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Done</title><link rel=icon href=data:,>"
    b"<p>Done. You can close this page and go back to the terminal."
)


class NobodyCame(ClientError):
    """The browser did not come back in time."""


class Callback:
    """A redirect URI that listens while the `with` block runs, on any free port unless one is named."""

    def __init__(self, port: int = 0) -> None:
        self._arrived: Queue[str] = Queue()
        arrived = self._arrived

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = self.path.partition("?")[0] == PATH
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Cache-Control", "no-store")
                self.send_header("Referrer-Policy", "no-referrer")
                self.send_header("Content-Length", str(len(_DONE) if found else 0))
                self.end_headers()
                if found:
                    self.wfile.write(_DONE)
                    arrived.put(self.path)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: the path carries a code."""

        # With threads: a browser may open a connection ahead of time and say nothing on it.
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def uri(self) -> str:
        """What is sent as `redirect_uri`."""
        return self.base + PATH

    def __enter__(self) -> Callback:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, seconds: float) -> str:
        """Where the browser came back to. Raises NobodyCame."""
        try:
            return self.base + self._arrived.get(timeout=seconds)
        except Empty:
            raise NobodyCame(f"nobody came back within {seconds:.0f} seconds") from None

    def wait_for(self, state: str, seconds: float) -> str:
        """As `wait`, and whoever comes with another state is passed over: every page can send a browser here."""
        # One after another within the same time would need a clock; so many are no accident any more.
        for _ in range(_STRANGERS):
            came_back = self.wait(seconds)
            if state in parse_qs(urlsplit(came_back).query).get("state", ()):
                return came_back
        raise NobodyCame("only strangers came back")
