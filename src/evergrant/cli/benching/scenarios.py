"""The storms: what is prepared for each, what is sent, and what an answer must hold."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import quote_plus, urlencode

from evergrant.cli.benching.figures import Driven
from evergrant.cli.benching.sender import send_all, send_at
from evergrant.cli.benching.supply import PLAIN, WITH_ID_TOKEN, Supply
from evergrant.cli.benching.target import Target
from evergrant.cli.benching.wrk import Storm, drive
from evergrant.cli.failures import Failure

CODES: Final = 150
"""Exchanged in one run: each must be fetched through the front door within its minute."""
CODE_CONNECTIONS: Final = 16
PASSWORD_CONNECTIONS: Final = 4
"""Sign-ins at once. More would be held up: beyond five untold passwords a network has to wait (`core.throttle`)."""
OPEN_SHARE: Final = 0.6


class Scenario(StrEnum):
    """What may be measured."""

    REFRESH = "refresh"
    REFRESH_OPENID = "refresh-openid"
    CLIENT_CREDENTIALS = "client-credentials"
    INTROSPECTION = "introspection"
    CODE = "code"
    PASSWORD = "password"


Fire = Callable[[], Driven]
"""Lets a prepared storm loose, and returns when it is over."""

AT_EVERY_NUMBER: Final = frozenset(
    {Scenario.REFRESH, Scenario.REFRESH_OPENID, Scenario.CLIENT_CREDENTIALS, Scenario.INTROSPECTION}
)
"""These run at each number of connections; the others at one of their own."""


def refreshing(path: str, tokens: Sequence[str], headers: Mapping[str, str], suffix: str) -> Storm:
    """Chains of refreshes; `suffix` ends each body and begins with &, or is empty."""
    return Storm(
        path,
        "chain",
        tokens,
        prefix="grant_type=refresh_token&refresh_token=",
        suffix=suffix,
        expect="access_token",
        headers=headers,
    )


def prepare(scenario: Scenario, target: Target, supply: Supply, connections: int) -> Storm:
    """A storm for wrk. Raises Failure."""
    match scenario:
        case Scenario.REFRESH | Scenario.REFRESH_OPENID:
            scope = WITH_ID_TOKEN if scenario is Scenario.REFRESH_OPENID else PLAIN
            tokens = supply.refresh_tokens(connections, scope)
            return refreshing(target.token, tokens, supply.headers, supply.client_fields)
        case Scenario.CLIENT_CREDENTIALS:
            _need_secret(supply, scenario)
            # Asked for once here, so that a refusal is told in its own words.
            supply.tokens_for("grant_type=client_credentials")
            bodies = ["grant_type=client_credentials"] * connections
            return Storm(target.token, "circle", bodies, expect="access_token", headers=supply.headers)
        case Scenario.INTROSPECTION:
            _need_secret(supply, scenario)
            found = [tokens.access_token.reveal() for tokens in supply.grants(min(connections, 16))]
            items = [found[place % len(found)] for place in range(connections)]
            return Storm(
                target.introspect, "circle", items, prefix="token=", expect='"active":true', headers=supply.headers
            )
        case Scenario.CODE | Scenario.PASSWORD:
            raise ValueError("not for wrk: each request serves once")


def ready(scenario: Scenario, target: Target, supply: Supply, connections: int, seconds: int) -> Fire:
    """Prepare one run of at most `seconds`; what is returned lets it loose. Raises Failure."""
    if scenario in AT_EVERY_NUMBER:
        prepared = prepare(scenario, target, supply, connections)
        return lambda: drive(target.base_url, prepared, connections, seconds)
    _need_plain(target, scenario)
    source = codes(target, supply) if scenario is Scenario.CODE else passwords(target, supply)

    def fire() -> Driven:
        try:
            return send_all(target.base_url, source, connections, seconds)
        finally:
            supply.began(source.refresh_tokens)

    return fire


def ready_open(target: Target, supply: Supply, connections: int, seconds: int, per_s: float) -> Fire:
    """Prepare refreshes that are due at a steady rate. Raises Failure."""
    _need_plain(target, Scenario.REFRESH)
    tokens = deque(supply.refresh_tokens(connections))
    source = Chains(head(target.token, supply.headers), tokens, supply.client_fields)
    return lambda: send_at(target.base_url, source, connections, seconds, per_s)


@dataclass(slots=True)
class Chains:
    """Each refresh token in an answer is the next request's."""

    head: bytes
    tokens: deque[str] = field(repr=False)
    suffix: str = field(repr=False)

    def take(self) -> bytes | None:
        """A refresh, if a token is free."""
        if not self.tokens:
            return None
        return _request(self.head, f"grant_type=refresh_token&refresh_token={self.tokens.popleft()}{self.suffix}")

    def give(self, status: int, body: bytes) -> bool:
        """Whether it was answered with a successor."""
        successor = _refresh_token(body) if status == 200 else None
        if successor is None:
            return False
        self.tokens.append(successor)
        return True


@dataclass(slots=True)
class Bodies:
    """Bodies that serve once, or one that serves for ever. `refresh_tokens`: of the grants they began."""

    head: bytes
    bodies: deque[str] = field(repr=False)
    for_ever: bool
    refresh_tokens: list[str] = field(default_factory=list, repr=False)

    def take(self) -> bytes | None:
        """The next one."""
        if not self.bodies:
            return None
        return _request(self.head, self.bodies[0] if self.for_ever else self.bodies.popleft())

    def give(self, status: int, body: bytes) -> bool:
        """Whether tokens came."""
        refresh_token = _refresh_token(body) if status == 200 else None
        if refresh_token is not None:
            self.refresh_tokens.append(refresh_token)
        return status == 200 and b"access_token" in body


def codes(target: Target, supply: Supply) -> Bodies:
    """Codes, fetched one after another by one session; what is measured is their exchange only. Raises Failure."""
    found = [supply.exchange_form(supply.code()) + supply.client_fields for _ in range(CODES)]
    return Bodies(head(target.token, supply.headers), deque(found), for_ever=False)


def passwords(target: Target, supply: Supply) -> Bodies:
    """The old password grant: argon2, and a new grant. Raises Failure."""
    person = supply.means.person
    if person is None:
        raise Failure("nobody can sign in", "Give --username, and the password in EVERGRANT_PASSWORD or when asked.")
    form = {"grant_type": "password", "username": person.username, "password": person.password.reveal()}
    body = urlencode(form, quote_via=quote_plus) + supply.client_fields
    tokens = supply.tokens_for(urlencode(form, quote_via=quote_plus))
    supply.began([tokens.refresh_token.reveal()] if tokens.refresh_token else [])
    return Bodies(head(target.token, supply.headers), deque([body]), for_ever=True)


def _need_secret(supply: Supply, scenario: Scenario) -> None:
    if supply.means.client.secret is None:
        raise Failure(f"{scenario.value} needs a client with a secret", "Give it in EVERGRANT_CLIENT_SECRET.")


def _need_plain(target: Target, scenario: Scenario) -> None:
    if not target.plain:
        raise Failure(f"{scenario.value} is measured without TLS only", "Name an http:// address of the same server.")


def head(path: str, headers: Mapping[str, str]) -> bytes:
    """A request up to the length of its body."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\n{lines}Content-Length: ".encode()


def _request(head: bytes, body: str) -> bytes:
    return head + f"{len(body)}\r\n\r\n{body}".encode()


def _refresh_token(body: bytes) -> str | None:
    try:
        found = json.loads(body).get("refresh_token")
    except (ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None
