"""Who and what is genuine on the server that is attacked: clients, tokens, a browser, and pages with sealed fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

import httpx2

from tests.faults.line import Program
from tests.faults.stock import Stock
from tests.protocol.person import Person, forms
from tests.support.server import Server

CHALLENGE: Final = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
_SIGN_INS: Final = 4


@dataclass(slots=True)
class Cast:
    """Genuine things, some of which wear out: a refresh token that was taken is not shown again."""

    url: str
    port: int
    web: str
    redirects: tuple[str, ...]
    after_logout: tuple[str, ...]
    legacy: Program
    service: Program
    username: str
    password: str
    refresh_tokens: list[str]
    browsers: list[str]  # cookie headers of browsers in which the person is signed in
    access_token: str
    id_token: str
    interaction: str
    public_jwks: Mapping[str, object]
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def host(self) -> bytes:
        """As the server's own pages would send it."""
        return f"localhost:{self.port}".encode()

    @property
    def refresh_token(self) -> str:
        """One that has not been renewed yet."""
        return self.refresh_tokens[0]

    @property
    def browser(self) -> str:
        """The cookies of somebody who is signed in."""
        return self.browsers[0]

    def wore_out(self, tables: set[str]) -> None:
        """Something genuine was taken, as an answer of success says: go on with another."""
        if "grants" in tables and len(self.refresh_tokens) > 1:
            self.refresh_tokens.pop(0)
        if "sessions" in tables and len(self.browsers) > 1:
            self.browsers.pop(0)

    def is_known(self, token: str) -> bool:
        """Whether it is one of ours."""
        return token in {*self.refresh_tokens, self.access_token, self.id_token, *self.secrets}


def assemble(server: Server, tokens: int) -> Cast:
    """Sign in some browsers and open so many grants."""
    demo, stock = server.demo, Stock.of(server)
    web, service = demo.clients["demo-web"], demo.clients["demo-service"]
    assert service.client_secret is not None
    home = f"{server.base_url}/"
    browsers: list[str] = []
    for _ in range(_SIGN_INS):
        with Person(server.base_url, demo.username, demo.password) as person:
            person.visit(_authorize(web.client_id, web.redirect_uris[0]), web.redirect_uris[0])
            browsers.append("; ".join(f"{cookie.name}={cookie.value}" for cookie in person.http.cookies.jar))
    with httpx2.Client(base_url=server.base_url) as http:
        page = http.get(_authorize(web.client_id, web.redirect_uris[0]))
        interaction = forms(page)[0].fields["interaction"]
        browsers.append("; ".join(f"{cookie.name}={cookie.value}" for cookie in http.cookies.jar))
        form = {
            "grant_type": "password",
            "username": demo.username,
            "password": demo.password,
            "scope": "openid profile offline_access",
        }
        granted = http.post("/token", data=form, headers={"Authorization": stock.program.basic}).json()
        keys = http.get("/jwks").json()
    legacy, machine = stock.program, Program(service.client_id, service.client_secret)
    return Cast(
        url=server.base_url,
        port=server.port,
        web=web.client_id,
        redirects=(*web.redirect_uris, *service.redirect_uris),
        after_logout=(home,),
        legacy=legacy,
        service=machine,
        username=demo.username,
        password=demo.password,
        refresh_tokens=stock.tokens(tokens),
        browsers=browsers,
        access_token=granted["access_token"],
        id_token=granted["id_token"],
        interaction=interaction,
        public_jwks=keys,
        secrets=(legacy.secret, machine.secret, demo.password, legacy.basic, machine.basic, granted["refresh_token"]),
    )


def _authorize(client_id: str, redirect_uri: str) -> str:
    asked = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": "openid profile",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"/authorize?{urlencode(asked)}"
