"""A small issuer on loopback: its documents, and how often each was asked for. It can be broken and mended."""

import json
import threading
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from evergrant.jose.jwks import publish
from evergrant.jose.keys import PublicKey, SigningKey, generate


@dataclass
class KeyServer:
    """What it publishes, and what it was asked. `answers` replaces the status of a path; `held` lets answers wait."""

    port: int = 0
    signing: SigningKey = field(default_factory=lambda: generate("ES256"))
    published: list[PublicKey] = field(default_factory=list)
    cache_control: str = "max-age=300"
    answers: dict[str, int] = field(default_factory=dict)
    introspected: dict[str, dict[str, object]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    not_modified: int = 0
    authorization: list[str] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.published = self.published or [self.signing.public()]
        self.go_on.set()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rotate(self) -> SigningKey:
        """Sign with a new key from now on; the old one stays published."""
        self.signing = generate("ES256")
        self.published = [*self.published, self.signing.public()]
        return self.signing

    def documents(self) -> dict[str, object]:
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/jwks",
                "introspection_endpoint": f"{self.issuer}/introspect",
            },
            "/jwks": publish(self.published),
            "/elsewhere": {"keys": []},
        }


@contextmanager
def key_server() -> Iterator[KeyServer]:
    """It listens while the block runs."""
    served = KeyServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(served.documents().get(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            served.authorization.append(self.headers.get("Authorization", ""))
            self._answer(served.introspected.get(parse_qs(body)["token"][0], {"active": False}))

        def _answer(self, document: object) -> None:
            served.asked[self.path] += 1
            served.go_on.wait(20)
            status = served.answers.get(self.path, 200 if document is not None else 404)
            body = json.dumps(document).encode()
            etag = urlsafe_b64encode(sha256(body).digest()[:9]).decode()
            if status == 200 and self.headers.get("If-None-Match") == etag:
                served.not_modified += 1
                status, body = 304, b""
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Cache-Control", served.cache_control)
            self.send_header("ETag", etag)
            if 300 < status < 304:
                self.send_header("Location", f"{served.issuer}/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Say nothing: the test asks what was asked."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.port = http.server_port
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.go_on.set()
        http.shutdown()
        http.server_close()
        thread.join()
