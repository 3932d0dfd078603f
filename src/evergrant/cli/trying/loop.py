"""The loop itself: discovery, sign-in, tokens, API call, refresh, a retry, a replay."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import httpx2

from evergrant.cli.trying.forms import StuckAt
from evergrant.cli.trying.steps import NotAsItMustBe, Report, Step
from evergrant.client import exchange
from evergrant.client.errors import ProtocolError, Refused
from evergrant.client.exchange import Attempt, Identity, Request, Tokens
from evergrant.client.id_token import check_id_token
from evergrant.client.loopback import NobodyCame
from evergrant.jose import jwks
from evergrant.jose.claims import Claims
from evergrant.jose.errors import BadKey
from evergrant.jose.keys import PublicKey
from evergrant.protocol.provider import BadMetadata, Provider, read_metadata, well_known_urls
from evergrant.protocol.secret import Secret

SCOPE: Final = ("openid", "profile", "email", "offline_access")


class SignsIn(Protocol):
    """A way to get from an authorization URL to the redirect."""

    def __call__(self, url: str, attempt: Attempt, /) -> tuple[str, str]:
        """Lead a person from the authorization URL to the redirect: its URL, and how it went, in words."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """All that the loop needs from outside. `new_attempt` makes state, nonce and verifier; `now_s` is seconds UTC."""

    http: httpx2.Client
    client: Identity
    sign_in: SignsIn
    new_attempt: Callable[[str], Attempt]
    now_s: Callable[[], int]


@dataclass(frozen=True, slots=True)
class _Found:
    provider: Provider
    keys: Mapping[str, PublicKey]


@dataclass(frozen=True, slots=True)
class _SignedIn:
    tokens: Tokens
    refresh_token: Secret
    claims: Claims


def run_loop(issuer: str, means: Means, progress: Callable[[Step], None]) -> Report:
    """Walk the loop as far as it goes. `progress` hears of every step that is done."""
    loop = _Loop(means, Report(issuer))
    try:
        for _ in loop.walk(issuer):
            progress(loop.report.steps[-1])
    except (NotAsItMustBe, BadMetadata, BadKey, ProtocolError, Refused, StuckAt, NobodyCame) as problem:
        loop.report.steps[-1].problem = str(problem)
        progress(loop.report.steps[-1])
    except httpx2.HTTPError as problem:
        loop.report.steps[-1].problem = f"no answer ({type(problem).__name__}): {problem}"
        progress(loop.report.steps[-1])
    return loop.report


class _Loop:
    def __init__(self, means: Means, report: Report) -> None:
        self._means = means
        self.report = report

    def walk(self, issuer: str) -> Iterator[None]:
        """Go one step, and pause."""
        found = self._discover(issuer)
        yield
        attempt, code = self._sign_in(found)
        yield
        first = self._exchange(found, attempt, code)
        yield
        self._call_api(found, first)
        yield
        second = self._refresh(found, first)
        yield
        self._retry(found, first, second)
        yield
        self._replay(found, first, second)
        yield

    def _discover(self, issuer: str) -> _Found:
        with self.report.step("discovery", "Discovery") as step:
            documents = [(url, self._means.http.get(url)) for url in well_known_urls(issuer)]
            there = [(url, answer) for url, answer in documents if answer.status_code == 200]
            step.need(f"{documents[0][0]} answers", bool(there))
            provider = read_metadata(issuer, exchange.read_json(there[0][1].content))
            step.check("the document names this issuer, byte by byte", True)
            step.check("PKCE with S256 is offered", "S256" in provider.challenge_methods)
            step.need("the document says where the keys are", provider.jwks_uri is not None)
            keys = jwks.read(exchange.read_json(self._means.http.get(provider.jwks_uri or "").content))
            step.need(f"keys are published: {_kinds(keys)}", bool(keys))
            return _Found(provider, keys)

    def _sign_in(self, found: _Found) -> tuple[Attempt, Secret]:
        with self.report.step("sign_in", "Sign in: code + PKCE") as step:
            supported = found.provider.scopes_supported
            wanted = [name for name in SCOPE if not supported or name in supported]
            attempt = self._means.new_attempt(" ".join(wanted))
            url = exchange.authorization_url(found.provider, self._means.client, attempt)
            came_back, how = self._means.sign_in(url, attempt)
            code = exchange.read_callback(came_back, found.provider, attempt)
            step.check(f"a code came back, with our state ({how})", True)
            if found.provider.iss_in_response:
                step.check("the redirect names the issuer (RFC 9207)", True)
            return attempt, code

    def _exchange(self, found: _Found, attempt: Attempt, code: Secret) -> _SignedIn:
        with self.report.step("tokens", "Tokens") as step:
            answer = self._send(exchange.exchange_code(found.provider, self._means.client, attempt, code))
            tokens = exchange.read_tokens(answer.status_code, answer.content)
            step.check(f"a bearer token for {tokens.expires_in_s} s", tokens.token_type.lower() == "bearer")
            step.check("no cache keeps the answer", "no-store" in answer.headers.get("cache-control", ""))
            step.need("an ID token came along", tokens.id_token is not None)
            claims = self._believe(found, tokens, attempt.nonce)
            step.check(f"its signature, issuer, audience, nonce and times are right: sub {claims.subject}", True)
            step.need("a refresh token came along", tokens.refresh_token is not None)
            return _SignedIn(tokens, _present(tokens.refresh_token), claims)

    def _call_api(self, found: _Found, signed_in: _SignedIn) -> None:
        with self.report.step("api_call", "API call") as step:
            endpoint = found.provider.userinfo_endpoint
            step.need("the issuer has a userinfo endpoint", endpoint is not None)
            answer = self._userinfo(found, signed_in.tokens.access_token)
            step.need(f"it answers the access token: {answer.status_code}", answer.status_code == 200)
            about = exchange.read_json(answer.content)
            step.check("it speaks of the same person", about.get("sub") == signed_in.claims.subject)
            spoilt = Secret(signed_in.tokens.access_token.reveal()[:-8] + "AAAAAAAA")
            refused = self._userinfo(found, spoilt)
            step.check(f"a forged token is refused: {refused.status_code}", refused.status_code == 401)

    def _refresh(self, found: _Found, first: _SignedIn) -> _SignedIn:
        with self.report.step("refresh", "Refresh") as step:
            tokens = self._renew(found, first.refresh_token)
            step.check("a new access token", tokens.access_token != first.tokens.access_token)
            step.need("a refresh token is in the answer", tokens.refresh_token is not None)
            step.need("it is a new one", tokens.refresh_token != first.refresh_token)
            claims = first.claims
            if tokens.id_token is not None:
                claims = self._believe(found, tokens, None)
                step.check("the new ID token is about the same person", claims.subject == first.claims.subject)
            return _SignedIn(tokens, _present(tokens.refresh_token), claims)

    def _retry(self, found: _Found, first: _SignedIn, second: _SignedIn) -> None:
        with self.report.step("retry", "Lost answer: the same refresh token again") as step:
            try:
                tokens = self._renew(found, first.refresh_token)
            except Refused as refused:
                raise NotAsItMustBe(f"a client whose answer was lost is logged out: {refused}") from None
            step.check("the same new refresh token comes back", tokens.refresh_token == second.refresh_token)

    def _replay(self, found: _Found, first: _SignedIn, second: _SignedIn) -> None:
        with self.report.step("replay", "Replay of an old refresh token") as step:
            newest = second
            for _ in range(2):
                tokens = self._renew(found, newest.refresh_token)
                step.need("the client goes on refreshing", tokens.refresh_token is not None)
                newest = _SignedIn(tokens, _present(tokens.refresh_token), newest.claims)
            step.check("the first token is refused now", self._is_refused(found, first.refresh_token))
            step.check("and the newest one too: the grant has ended", self._is_refused(found, newest.refresh_token))
            answer = self._userinfo(found, newest.tokens.access_token)
            step.check(f"the API refuses the newest access token: {answer.status_code}", answer.status_code == 401)

    def _believe(self, found: _Found, tokens: Tokens, nonce: str | None) -> Claims:
        return check_id_token(
            _present(tokens.id_token),
            provider=found.provider,
            client_id=self._means.client.client_id,
            keys=found.keys,
            access_token=tokens.access_token,
            nonce=nonce,
            now_s=self._means.now_s(),
        )

    def _renew(self, found: _Found, refresh_token: Secret) -> Tokens:
        answer = self._send(exchange.refresh(found.provider, self._means.client, refresh_token))
        return exchange.read_tokens(answer.status_code, answer.content)

    def _is_refused(self, found: _Found, refresh_token: Secret) -> bool:
        try:
            self._renew(found, refresh_token)
        except Refused as refused:
            return refused.error == "invalid_grant"
        return False

    def _userinfo(self, found: _Found, access_token: Secret) -> httpx2.Response:
        return self._send(exchange.userinfo(found.provider.userinfo_endpoint or "", access_token))

    def _send(self, request: Request) -> httpx2.Response:
        return self._means.http.request(
            request.method, request.url, headers=dict(request.headers), content=request.body
        )


def _present(secret: Secret | None) -> Secret:
    if secret is None:
        raise NotAsItMustBe("a token is missing")
    return secret


def _kinds(keys: Mapping[str, PublicKey]) -> str:
    return ", ".join(sorted({key.alg for key in keys.values()})) or "none"
