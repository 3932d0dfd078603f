"""Signs in with the user's own browser, and listens on loopback for it to come back. RFC 8252 §7.3."""

from __future__ import annotations

import threading
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Empty, Queue
from typing import Final

PATH: Final = "/callback"
_DONE: Final = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Done</title><link rel=icon href=data:,>"
    b"<p>Done. You can close this page and go back to the terminal."
)


class NobodyCame(Exception):
    """The browser did not come back in time."""


class Callback:
    """A redirect URI that listens while the `with` block runs."""

    def __init__(self) -> None:
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

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

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

    def wait(self, url: str, *, open_browser: bool, seconds: float) -> str:
        """Open `url` and return where the browser came back to. Raises NobodyCame."""
        if open_browser:
            webbrowser.open(url)
        try:
            return self.base + self._arrived.get(timeout=seconds)
        except Empty:
            raise NobodyCame(f"nobody came back within {seconds:.0f} seconds") from None
