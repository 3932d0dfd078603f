"""A client's program: sends its person to sign in, exchanges the code, refreshes, and calls the other endpoints."""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from itertools import count
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import httpx2
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from tests.protocol.person import Landing, Person
from tests.protocol.registry import Registered, User
from tests.protocol.served import Served, body

OFFLINE: Final = "openid profile email offline_access read"
_number = count(1)


def verifier() -> str:
    """A new code verifier. RFC 7636 §4.1."""
    return f"verifier-{next(_number):04}-".ljust(64, "x")


def challenge(of: str) -> str:
    """Its S256 challenge. RFC 7636 §4.2."""
    return urlsafe_b64encode(hashlib.sha256(of.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Code:
    """A code and what has to be shown with it."""

    text: str
    verifier: str
    landing: Landing


@dataclass(frozen=True, slots=True)
class Program:
    """One registered client on one server."""

    served: Served
    client: Registered

    @property
    def issuer(self) -> str:
        return self.served.url if self.client.realm == "default" else self.served.at(self.client.realm)

    # --- by the browser

    def authorization_url(self, proof: str, **parameters: str) -> str:
        """Where the person is sent; `None`-like: an empty value leaves the parameter out."""
        asked = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self.client.redirect_uri,
            "scope": OFFLINE,
            "state": "state-1",
            "code_challenge": challenge(proof),
            "code_challenge_method": "S256",
            **parameters,
        }
        return f"{self.issuer}/authorize?{urlencode({name: value for name, value in asked.items() if value})}"

    def ask(self, user: User, **parameters: str) -> Code:
        """Have the person sign in and allow; the code that comes back."""
        proof = verifier()
        with Person(self.served.url, user.username, user.password) as person:
            landing = person.visit(self.authorization_url(proof, **parameters), self.client.redirect_uri)
        assert "code" in landing.parameters, landing
        return Code(landing.parameters["code"], proof, landing)

    def sign_in(self, user: User, **parameters: str) -> dict[str, Any]:
        """From the sign-in to the tokens."""
        answer = self.exchange(self.ask(user, **parameters))
        assert answer.status_code == 200, answer.text
        return body(answer)

    # --- by the back channel

    def exchange(self, code: Code, **form: str | None) -> httpx2.Response:
        """Exchange a code; None leaves a parameter out."""
        sent = {
            "grant_type": "authorization_code",
            "code": code.text,
            "redirect_uri": self.client.redirect_uri,
            "code_verifier": code.verifier,
            **form,
        }
        return self.token(**sent)

    def refresh(self, token: str, **form: str | None) -> httpx2.Response:
        """Refresh. RFC 6749 §6."""
        return self.token(grant_type="refresh_token", refresh_token=token, **form)

    def renewed(self, token: str, **form: str | None) -> dict[str, Any]:
        """Refresh, which works."""
        answer = self.refresh(token, **form)
        assert answer.status_code == 200, answer.text
        return body(answer)

    def token(self, **form: str | None) -> httpx2.Response:
        """The token endpoint, as this client."""
        return self.post("/token", form)

    def revoke(self, token: str, **form: str | None) -> httpx2.Response:
        """RFC 7009."""
        return self.post("/revoke", {"token": token, **form})

    def introspect(self, token: str) -> dict[str, Any]:
        """RFC 7662."""
        answer = self.post("/introspect", {"token": token})
        assert answer.status_code == 200, answer.text
        return body(answer)

    def userinfo(self, access_token: str) -> httpx2.Response:
        """OpenID Connect Core §5.3."""
        return self.served.http.get(f"{self.issuer}/userinfo", headers={"Authorization": f"Bearer {access_token}"})

    def post(self, path: str, form: dict[str, str | None], headers: dict[str, str] | None = None) -> httpx2.Response:
        """Post a form with this client's authentication: Basic, or its id in the form where it has no secret."""
        sent = {name: value for name, value in form.items() if value is not None}
        if self.client.secret is None:
            sent = {"client_id": self.client.id, **sent}
        else:
            headers = {"Authorization": basic(self.client.id, self.client.secret), **(headers or {})}
        return self.served.http.post(f"{self.issuer}{path}", data=sent, headers=headers)

    def post_pairs(self, path: str, *pairs: tuple[str, str]) -> httpx2.Response:
        """Post parameters in this order, repeated ones too, as a confidential client."""
        headers = {
            "Authorization": basic(self.client.id, self.client.secret or ""),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self.served.http.post(f"{self.issuer}{path}", content=urlencode(pairs), headers=headers)

    # --- reading tokens, by another library than the server's own rules

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a JWT of this issuer, its signature verified with the published keys."""
        return dict(jwt.decode(token, self._keys(), algorithms=["ES256", "RS256"]).claims)

    def header(self, token: str) -> dict[str, Any]:
        """The protected header."""
        return dict(jws.extract_compact(token.encode()).headers())

    def _keys(self) -> KeySet:
        return KeySet.import_key_set(self.served.http.get(f"{self.issuer}/jwks").json())


def basic(client_id: str, secret: str) -> str:
    """RFC 6749 §2.3.1: both halves are form-encoded before they are joined."""
    return "Basic " + b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()
