"""One connection to a server: requests go out whole, answers are read whole or not at all.

Small and plain, because a test of faults wants to know what was sent, and to hang up in the middle.
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

PATIENCE_S = 40.0
"""Longer than the server may take: an answer that does not come within it is a hanging server."""

LOST = (OSError, EOFError)
"""What a connection that breaks raises. An answer that broke off in the middle is `asyncio.IncompleteReadError`."""


@dataclass(frozen=True, slots=True)
class Program:
    """A client's id and secret."""

    id: str
    secret: str

    @property
    def basic(self) -> str:
        """RFC 6749 §2.3.1."""
        return "Basic " + b64encode(f"{quote_plus(self.id)}:{quote_plus(self.secret)}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]  # decoded JSON

    @property
    def refresh_token(self) -> str:
        """Raises AssertionError with what was answered instead."""
        assert self.status == 200, (self.status, self.body)
        return str(self.body["refresh_token"])

    def assert_unavailable(self) -> None:
        """RFC 6749 §4.1.2.1's code, and a time that a client will wait; never `invalid_grant`. S-047"""
        assert (self.status, self.body.get("error")) == (503, "temporarily_unavailable"), (self.status, self.body)
        assert 1 <= int(self.headers["retry-after"]) <= 5
        assert self.headers["cache-control"] == "no-store"


class Line:
    """A connection that is opened when it is needed, and again after it broke."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.headers: Mapping[str, str] = {}  # sent with each request besides
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str) -> Answer:
        """Raises one of LOST."""
        return await self._ask(self._head("GET", path) + "\r\n")

    async def token(self, program: Program, **form: str) -> Answer:
        """The token endpoint. Raises one of LOST: then nobody knows what the server did."""
        return await self.post("/token", program, **form)

    async def post(self, path: str, program: Program, **form: str) -> Answer:
        """Any endpoint that takes a form. Raises one of LOST."""
        return await self._ask(self._post(path, program, form))

    async def refresh(self, program: Program, token: str) -> Answer:
        """RFC 6749 §6."""
        return await self.token(program, grant_type="refresh_token", refresh_token=token)

    async def send_refresh(self, program: Program, token: str) -> None:
        """Ask and do not wait for the answer; hang up next, or the next answer read is this one's."""
        await self._send(self._post("/token", program, {"grant_type": "refresh_token", "refresh_token": token}))

    async def hang_up(self) -> None:
        """Close the connection, whatever is under way."""
        ends, self._ends = self._ends, None
        if ends is not None:
            ends[1].transport.abort()

    def _head(self, method: str, path: str) -> str:
        besides = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        return f"{method} {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\n{besides}"

    def _post(self, path: str, program: Program, form: Mapping[str, str]) -> str:
        body = urlencode(form)
        return (
            f"{self._head('POST', path)}Authorization: {program.basic}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )

    async def _ask(self, request: str) -> Answer:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._read(await self._send(request))
        except BaseException:
            await self.hang_up()
            raise

    async def _send(self, request: str) -> asyncio.StreamReader:
        if self._ends is None:
            self._ends = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._ends
        writer.write(request.encode())
        await writer.drain()
        return reader

    async def _read(self, reader: asyncio.StreamReader) -> Answer:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            await self.hang_up()
        return Answer(int(head[0].split()[1]), headers, json.loads(body) if body else {})
