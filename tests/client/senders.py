"""Each HTTP client there is an adapter for, used in one way, so that one test can be about all of them."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import httpx
import httpx2
import requests

from evergrant.client import Session
from evergrant.client.auth.httpx2_auth import Httpx2Auth
from evergrant.client.auth.httpx_auth import HttpxAuth
from evergrant.client.auth.requests_auth import RequestsAuth

To = Iterable[str] | None
Body = bytes | Iterator[bytes] | None


class Send(Protocol):
    """Sends a request with the session's token, follows redirects, and tells the status."""

    def __call__(self, session: Session, method: str, url: str, *, body: Body = None, to: To = None) -> int:
        """`body` may be a generator."""
        ...


@dataclass(frozen=True, slots=True)
class Sender:
    """A client, by name."""

    name: str
    send: Send


def with_httpx2(session: Session, method: str, url: str, *, body: Body = None, to: To = None) -> int:
    with httpx2.Client(auth=session.auth(to=to), follow_redirects=True) as http:
        return http.request(method, url, content=body).status_code


def with_httpx2_async(session: Session, method: str, url: str, *, body: Body = None, to: To = None) -> int:
    async def send() -> int:
        async with httpx2.AsyncClient(auth=Httpx2Auth(session, to=to), follow_redirects=True) as http:
            return (await http.request(method, url, content=_for_async(body))).status_code

    return asyncio.run(send())


def with_httpx(session: Session, method: str, url: str, *, body: Body = None, to: To = None) -> int:
    with httpx.Client(auth=HttpxAuth(session, to=to), follow_redirects=True) as http:
        return http.request(method, url, content=body).status_code


def with_httpx_async(session: Session, method: str, url: str, *, body: Body = None, to: To = None) -> int:
    async def send() -> int:
        async with httpx.AsyncClient(auth=HttpxAuth(session, to=to), follow_redirects=True) as http:
            return (await http.request(method, url, content=_for_async(body))).status_code

    return asyncio.run(send())


def with_requests(session: Session, method: str, url: str, *, body: Body = None, to: To = None) -> int:
    with requests.Session() as http:
        http.auth = RequestsAuth(session, to=to)
        return http.request(method, url, data=body, timeout=10).status_code


SENDERS = [
    Sender("httpx2", with_httpx2),
    Sender("httpx2 async", with_httpx2_async),
    Sender("httpx", with_httpx),
    Sender("httpx async", with_httpx_async),
    Sender("requests", with_requests),
]


def _for_async(body: Body) -> bytes | AsyncIterator[bytes] | None:
    if not isinstance(body, Iterator):
        return body

    async def chunks() -> AsyncIterator[bytes]:
        for chunk in body:
            yield chunk

    return chunks()
