"""An API on loopback that takes the access tokens a test names, and remembers what it was asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from evergrant.protocol.secret import Secret

INVALID_TOKEN = 'Bearer realm="api", error="invalid_token"'


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    token: str | None
    body: bytes


@dataclass(slots=True)
class Api:
    """`refused`: tokens that get 401 with `challenge`, None for a request without; others get 200.

    `/to?url=…` redirects.
    """

    url: str = ""
    refused: set[Secret | None] = field(default_factory=set)
    challenge: str = INVALID_TOKEN
    asked: list[Asked] = field(default_factory=list)

    @property
    def tokens(self) -> list[str | None]:
        """What each request brought."""
        return [each.token for each in self.asked]


@contextmanager
def api() -> Iterator[Api]:
    """One that listens while the block runs."""
    listening = Api()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = self.headers.get("Content-Length")
            body = self._chunks() if length is None and self.command == "POST" else self.rfile.read(int(length or 0))
            said = self.headers.get("Authorization")
            token = said.removeprefix("Bearer ") if said is not None else None
            listening.asked.append(Asked(self.command, self.path, token, body))
            parts = urlsplit(self.path)
            if (Secret(token) if token is not None else None) in listening.refused:
                self._answer(401, {"WWW-Authenticate": listening.challenge})
            elif parts.path == "/to":
                self._answer(303, {"Location": parse_qs(parts.query)["url"][0]})
            else:
                self._answer(200, {})

        do_POST = do_GET

        def _chunks(self) -> bytes:
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _answer(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Say nothing: the test looks at what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield listening
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
