"""What a storm needs beforehand: grants of its own, each begun at the front door, and ended when it is over."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx2

from evergrant.app.settings import is_loopback
from evergrant.app.wiring import random
from evergrant.cli.benching.target import Target
from evergrant.cli.failures import Failure
from evergrant.cli.trying.forms import Person, StuckAt, walk
from evergrant.client import exchange
from evergrant.client.errors import ProtocolError, Refused
from evergrant.client.exchange import Attempt, Identity, Tokens
from evergrant.protocol.bearer import basic_credentials
from evergrant.protocol.secret import Secret

PLAIN: Final = "offline_access"
"""A refresh then brings an access token and a refresh token, as everywhere."""
WITH_ID_TOKEN: Final = "openid offline_access"
"""A refresh then brings an ID token as well, signed as the client is registered: RS256 unless it says otherwise."""
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Means:
    """As whom we ask. `tokens`: refresh tokens of the client that were obtained elsewhere; then nobody signs in."""

    client: Identity
    redirect_uri: str
    person: Person | None
    tokens: tuple[Secret, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Code:
    """A code that waits to be exchanged, and what proves that we asked for it."""

    code: Secret
    verifier: Secret


class Supply:
    """Obtains tokens and codes one after another; remembers which grants it began."""

    def __init__(self, http: httpx2.Client, target: Target, means: Means, *, allow_remote: bool) -> None:
        self.means = means
        self.headers = _headers(target, means.client)
        self._http = http
        self._target = target
        self._allow_remote = allow_remote
        self._brought = list(means.tokens)
        self._begun: list[Secret] = []

    def grants(self, number: int, scope: str = PLAIN) -> list[Tokens]:
        """New grants with a refresh token each. Raises Failure."""
        return [self._grant(scope) for _ in range(number)]

    def refresh_tokens(self, number: int, scope: str = PLAIN) -> list[str]:
        """Of `number` grants, new ones or those that were brought. Raises Failure if there are not enough."""
        if not self.means.tokens:
            made = [_present(tokens.refresh_token).reveal() for tokens in self.grants(number, scope)]
            self._check_room(made[0], number)
            return made
        if number > len(self._brought):
            raise Failure(
                f"the file of tokens has {len(self._brought)} unused left, and {number} are needed",
                "A run uses up one refresh token for each connection, and a warm-up four.",
            )
        taken, self._brought = self._brought[:number], self._brought[number:]
        return [token.reveal() for token in taken]

    def code(self, scope: str = WITH_ID_TOKEN) -> Code:
        """A code, by the session of the person who signed in with the first one. Raises Failure."""
        provider, person = self._target.provider, self.means.person
        if person is None:
            raise Failure(
                "nobody can sign in", "Give --username, and the password in EVERGRANT_PASSWORD or when asked."
            )
        if not self._allow_remote and not is_loopback(urlsplit(provider.authorization_endpoint or "").hostname or ""):
            raise Failure(
                "people sign in at an address that is not this machine",
                "Bring refresh tokens with --tokens FILE, or add --allow-remote.",
            )
        attempt = Attempt(self.means.redirect_uri, scope, state=_text(16), nonce=_text(16), verifier=Secret(_text(32)))
        url = exchange.authorization_url(provider, self.means.client, attempt)
        try:
            came_back, _ = walk(self._http, url, attempt.redirect_uri, person)
            code = exchange.read_callback(came_back, provider, attempt)
        except StuckAt as stuck:
            raise Failure(f"the sign-in did not get through: {stuck}", "Is it the right password?") from None
        except (Refused, ProtocolError) as problem:
            raise _refused(problem) from None
        except httpx2.HTTPError:
            raise Failure(f"nobody answers at {provider.authorization_endpoint}") from None
        return Code(code, attempt.verifier)

    def exchange_form(self, code: Code) -> str:
        """The body that exchanges it, but for the client's own fields."""
        return urlencode(
            {
                "grant_type": "authorization_code",
                "code": code.code.reveal(),
                "redirect_uri": self.means.redirect_uri,
                "code_verifier": code.verifier.reveal(),
            }
        )

    @property
    def client_fields(self) -> str:
        """What a public client adds to each body: it has no password to send in a header. RFC 6749 §3.2.1"""
        client = self.means.client
        return "" if client.secret is not None else f"&{urlencode({'client_id': client.client_id})}"

    def began(self, refresh_tokens: Iterable[str]) -> None:
        """Remember grants that a storm began."""
        self._begun += map(Secret, refresh_tokens)

    def end_all(self) -> None:
        """Revoke every grant that was begun here: any refresh token of a grant ends it. Errors are nobody's concern."""
        for token in self._begun:
            body = f"token={quote_plus(token.reveal())}{self.client_fields}"
            try:
                self.post(self._target.revoke, body)
            except httpx2.HTTPError:
                return
        self._begun.clear()

    def post(self, path: str, body: str) -> httpx2.Response:
        """A form, as the client. Raises httpx2's errors."""
        return self._http.post(self._target.base_url + path, content=body.encode(), headers=dict(self.headers))

    def tokens_for(self, body: str) -> Tokens:
        """What the token endpoint answers. Raises Failure."""
        try:
            answer = self.post(self._target.token, body + self.client_fields)
            return exchange.read_tokens(answer.status_code, answer.content)
        except (Refused, ProtocolError) as problem:
            raise _refused(problem) from None
        except httpx2.HTTPError:
            raise Failure(f"{self._target.base_url} stopped answering") from None

    def _check_room(self, first: str, number: int) -> None:
        """Whether the first grant outlived the opening of the others: a person has so many at a client."""
        answer = self.post(self._target.introspect, f"token={quote_plus(first)}{self.client_fields}")
        # A public client may not ask, and then is refused in the storm itself.
        if answer.status_code == 200 and answer.json().get("active") is not True:
            raise Failure(
                f"the server does not keep {number} grants of one person at one client",
                f"Raise it: evergrant client update {self.means.client.client_id} --max-grants {2 * number}",
            )

    def _grant(self, scope: str) -> Tokens:
        tokens = self.tokens_for(self.exchange_form(self.code(scope)))
        self._begun.append(_present(tokens.refresh_token))
        return tokens


def _headers(target: Target, client: Identity) -> Mapping[str, str]:
    headers = {"Host": target.host, "Content-Type": _FORM, "Accept": "application/json"}
    if client.secret is None:
        return headers
    return headers | {"Authorization": basic_credentials(client.client_id, client.secret)}


def _present(token: Secret | None) -> Secret:
    if token is None:
        raise Failure(
            "the client got no refresh token", "It needs the grant type refresh_token and the scope offline_access."
        )
    return token


def _refused(problem: Refused | ProtocolError) -> Failure:
    if isinstance(problem, Refused) and problem.error == "invalid_client":
        return Failure(f"the server refused the client: {problem}", "Look at --client-id and its secret.")
    return Failure(f"the server refused what the storm needs: {problem}", "Look at the client: evergrant client show.")


def _text(size: int) -> str:
    return urlsafe_b64encode(random(size)).rstrip(b"=").decode()
