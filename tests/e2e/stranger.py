"""Somebody else's web site, with pages that a test writes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HEAD = "<!doctype html><html lang=en><link rel=icon href=data:,><title>Elsewhere</title>"


@dataclass(slots=True)
class Stranger:
    """A site on another port. By its address it is another site to browsers, as `localhost` a neighbour of ours."""

    port: int
    pages: list[str] = field(default_factory=list)

    def page(self, body: str, *, host: str = "127.0.0.1") -> str:
        """Publish a page; its URL."""
        self.pages.append(HEAD + body)
        return f"http://{host}:{self.port}/{len(self.pages) - 1}"

    def form(self, action: str, fields: dict[str, str], *, host: str = "127.0.0.1") -> str:
        """Publish a form with one button; its URL."""
        inputs = "".join(f'<input type=hidden name="{n}" value="{escape(v)}">' for n, v in fields.items())
        return self.page(
            f'<form method=post action="{escape(action)}">{inputs}<button>Win a prize</button></form>', host=host
        )


@contextmanager
def open_stranger() -> Iterator[Stranger]:
    """Published until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = found.pages[int(self.path.strip("/"))].encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            """Say nothing: the test looks at the browser."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Stranger(http.server_port)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield found
    http.shutdown()
    http.server_close()
    thread.join()
