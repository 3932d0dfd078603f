"""Stands between a client and an issuer's token endpoint on loopback: counts what passes, and loses what it is told to.

What happens to the next requests is said by `then`, one word for each: `pass`, the answer comes; `cut`, the issuer
answers and the connection ends before a byte of it has passed; `half`, after half of it; `hold`, the answer comes
once `let_go` is called; bytes, the issuer answers and they come instead, with status 200; a number, that status comes
and the issuer is not asked. After those words, and without any, everything passes.
"""

import http.client
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

LONGEST_HOLD_S = 20.0


@dataclass(slots=True)
class Middleman:
    """`asked`: the form of each request, in order. `url` stands for the endpoint."""

    endpoint: str
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    answered: list[bytes] = field(default_factory=list)
    _words: deque[str | int | bytes] = field(default_factory=deque)
    _gate: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def then(self, *words: str | int | bytes) -> None:
        """What happens to the next requests."""
        self._words.extend(words)

    def let_go(self) -> None:
        """Everything that is held passes, and nothing is held any more."""
        self._gate.set()

    def asked_for(self, grant_type: str) -> int:
        """How many requests of that grant type have come."""
        return sum(form.get("grant_type") == grant_type for form in self.asked)

    @property
    def refreshes(self) -> int:
        """How many refreshes have come."""
        return self.asked_for("refresh_token")

    def take(self, form: dict[str, str]) -> str | int | bytes:
        """A request has come: what happens to it."""
        with self._lock:
            self.asked.append(form)
            return self._words.popleft() if self._words else "pass"

    def wait(self) -> None:
        """Until it is let go."""
        self._gate.wait(LONGEST_HOLD_S)


@contextmanager
def middleman(endpoint: str) -> Iterator[Middleman]:
    """One before that endpoint, of an issuer on loopback without TLS."""
    between = Middleman(endpoint)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            word = between.take({name: values[0] for name, values in parse_qs(body.decode()).items()})
            self.close_connection = True
            if isinstance(word, int):
                self._answer(word, {"Retry-After": "2"}, b"{}")
                return
            status, headers, answer = self._forward(body)
            if word == "hold":
                between.wait()
            if word == "cut":
                return
            if isinstance(word, bytes):
                status, answer = 200, word
            self._answer(status, headers, answer, len(answer) // 2 if word == "half" else len(answer))

        def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
            parts = urlsplit(between.endpoint)
            connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=10)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            try:
                connection.request("POST", parts.path, body, {**headers, "Host": parts.netloc})
                answer = connection.getresponse()
                content = answer.read()
            finally:
                connection.close()
            between.answered.append(content)
            return answer.status, {"Content-Type": answer.headers.get("Content-Type", "")}, content

        def _answer(self, status: int, headers: dict[str, str], body: bytes, sent: int | None = None) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:sent])

        def log_message(self, *arguments: object) -> None:
            """Say nothing: the test looks at what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    between.url = f"http://127.0.0.1:{server.server_port}/token"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield between
    finally:
        between.let_go()
        server.shutdown()
        server.server_close()
        thread.join()
