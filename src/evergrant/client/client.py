"""A client of an issuer: signs people in, and asks for tokens, about tokens, and to end them."""

from __future__ import annotations

import webbrowser
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

from evergrant.client import exchange
from evergrant.client.addresses import check_url
from evergrant.client.answers import check_revoked, read_introspection, read_userinfo
from evergrant.client.driving import drive
from evergrant.client.errors import ProtocolError
from evergrant.client.exchange import Attempt, Identity, Request, check_available, offered, read_tokens
from evergrant.client.id_token import check_id_token
from evergrant.client.keeper import Keeper, Newer
from evergrant.client.keeping import LOCK_S
from evergrant.client.keepings import Keepings
from evergrant.client.loopback import Callback
from evergrant.client.renewal import Failed, Renewal
from evergrant.client.session import Session
from evergrant.client.sign_in import Opened, Seal, SignedIn, SignIn
from evergrant.client.tokens import TokenSet
from evergrant.client.vaults.memory import MemoryVault
from evergrant.client.vaults.vault import Vault
from evergrant.client.ways import ByClientCredentials, ByRefreshToken, token_set
from evergrant.protocol.secret import Secret

if TYPE_CHECKING:
    from evergrant.client.issuer import Issuer

BROWSER_WAIT_S: Final = 300.0
"""How long a browser is waited for."""


class Client:
    """What `Issuer.client` gives. Any thread may use it; make one and keep it, for it remembers its sessions.

    Every method raises IssuerUnavailable if no answer is to be had, ProtocolError for an answer that is none, and
    Refused for an error answer.
    """

    def __init__(self, issuer: Issuer, identity: Identity) -> None:
        self.issuer = issuer
        self.identity = identity
        self._keepings = Keepings(issuer, issuer.random)

    def __repr__(self) -> str:
        return f"Client({self.issuer.provider.issuer!r}, {self.identity.client_id!r})"

    # --- signing in ------------------------------------------------------------------------------

    def begin_sign_in(
        self,
        redirect_uri: str,
        scope: str,
        seal: Seal,
        *,
        resource: str | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> SignIn:
        """Where to send the browser, and what it must bring back in a cookie.

        `resource` is the API that the access token is for (RFC 8707); `extra` are parameters such as `prompt`. Raises
        NotOffered.
        """
        attempt = self._attempt(redirect_uri, scope)
        url = self._authorization_url(attempt, resource, extra)
        opened = Opened(self.issuer.provider.issuer, self.identity.client_id, attempt, resource)
        return SignIn(url, seal.close(opened, self.issuer.transport.clock()))

    def finish_sign_in(self, callback_url: str, sealed: str, seal: Seal) -> SignedIn:
        """The tokens, for the URL that the browser came back to and what was in its cookie.

        The answer is believed only by the browser, for the client and from the issuer that the sign-in was begun with
        (R-050, RFC 9207). The code is sent once: a second exchange would end what the first one began.
        """
        opened = seal.open(sealed, self.issuer.transport.clock())
        if (opened.issuer, opened.client_id) != (self.issuer.provider.issuer, self.identity.client_id):
            raise ProtocolError("the sign-in was begun with another issuer or client")
        return self._finish(callback_url, opened.attempt, opened.resource)

    def sign_in_in_browser(
        self,
        scope: str,
        *,
        resource: str | None = None,
        extra: Mapping[str, str] | None = None,
        show: Callable[[str], object] = webbrowser.open,
        seconds: float = BROWSER_WAIT_S,
        port: int = 0,
    ) -> SignedIn:
        """For programs in a terminal: the person signs in with a browser, which comes back to a loopback port.

        The redirect URI is `http://127.0.0.1/callback` with any port, or with the one that is named. `show` is given
        the address; by default it opens the browser. RFC 8252 §7.3. Raises NotOffered, NobodyCame.
        """
        with Callback(port) as callback:
            attempt = self._attempt(callback.uri, scope)
            show(self._authorization_url(attempt, resource, extra))
            came_back = callback.wait_for(attempt.state, seconds)
        return self._finish(came_back, attempt, resource)

    def password(self, username: str, password: Secret | str, scope: str | None = None) -> SignedIn:
        """For clients of old that see people's passwords. RFC 6749 §4.3; RFC 9700 §2.4 forbids it to new ones."""
        secret = Secret(password) if isinstance(password, str) else password
        request = exchange.password(self.issuer.provider, self.identity, username, secret, scope)
        return self._signed_in(self._tokens(request), scope, None)

    # --- tokens ----------------------------------------------------------------------------------

    def client_credentials(self, scope: str | None = None, resource: str | None = None) -> TokenSet:
        """Tokens for the client itself. RFC 6749 §4.4. `service` keeps them, and renews them by itself."""
        return self._tokens(exchange.client_credentials(self.issuer.provider, self.identity, scope, resource))

    def refresh(self, tokens: TokenSet) -> TokenSet:
        """The next tokens. For a program that keeps them by itself; of two that call this at a time one may lose.

        Raises SignInRequired, RefreshUnavailable.
        """
        keeper = Keeper(ByRefreshToken(self.issuer.provider, self.identity), jitter=0.0)
        with MemoryVault().locked("", LOCK_S) as drawer:
            drawer.save(tokens)
            ending = drive(Renewal(keeper, Newer(tokens.access_token)), drawer, self.issuer)
        if isinstance(ending, Failed):
            raise ending.error
        return ending.tokens

    def revoke(self, token: Secret) -> None:
        """End it. A refresh token takes all tokens of its sign-in with it. RFC 7009. Raises NotOffered."""
        check_revoked(self.issuer.transport.send(exchange.revoke(self.issuer.provider, self.identity, token)))

    def introspect(self, token: Secret) -> Mapping[str, object]:
        """What the issuer says of a token; `active` says whether it is good. RFC 7662. Raises NotOffered."""
        request = exchange.introspect(self.issuer.provider, self.identity, token)
        return read_introspection(self.issuer.transport.send(request))

    def userinfo(self, access_token: Secret, *, subject: str | None = None) -> Mapping[str, object]:
        """The claims about the person. With `subject` (of the ID token) they are not believed about anybody else.

        OpenID Connect Core §5.3. Raises NotOffered.
        """
        endpoint = offered(self.issuer.provider.userinfo_endpoint, "userinfo_endpoint")
        return read_userinfo(self.issuer.transport.send(exchange.userinfo(endpoint, access_token)), subject)

    def logout_url(
        self, id_token: Secret | None = None, *, return_to: str | None = None, state: str | None = None
    ) -> str:
        """Where to send the browser to sign out at the issuer too. OpenID Connect RP-Initiated Logout §2.

        Raises NotOffered.
        """
        endpoint = offered(self.issuer.provider.end_session_endpoint, "end_session_endpoint")
        check_url(endpoint)
        said = {
            "id_token_hint": id_token.reveal() if id_token is not None else None,
            "client_id": self.identity.client_id,
            "post_logout_redirect_uri": return_to,
            "state": state,
        }
        joint = "&" if urlsplit(endpoint).query else "?"
        return f"{endpoint}{joint}{urlencode({name: value for name, value in said.items() if value is not None})}"

    # --- sessions --------------------------------------------------------------------------------

    def session(self, vault: Vault, name: str) -> Session:
        """The session of that name: one person's, one installation's. All who use the vault share it."""
        way = ByRefreshToken(self.issuer.provider, self.identity)
        return Session(self._keepings.get(way, vault, "session", name), self.revoke)

    def service(self, vault: Vault, *, scope: str | None = None, resource: str | None = None) -> Session:
        """The client's own session: its tokens are asked for when they are needed. RFC 6749 §4.4."""
        way = ByClientCredentials(self.issuer.provider, self.identity, scope, resource)
        return Session(self._keepings.get(way, vault, "service", scope, resource), self.revoke)

    # ---------------------------------------------------------------------------------------------

    def _attempt(self, redirect_uri: str, scope: str) -> Attempt:
        return Attempt(redirect_uri, scope, self._text(16), self._text(16), Secret(self._text(32)))

    def _text(self, size: int) -> str:
        return urlsafe_b64encode(self.issuer.random(size)).rstrip(b"=").decode()

    def _authorization_url(self, attempt: Attempt, resource: str | None, extra: Mapping[str, str] | None) -> str:
        named = {**({"resource": resource} if resource else {}), **(extra or {})}
        url = exchange.authorization_url(self.issuer.provider, self.identity, attempt, named)
        check_url(url)
        return url

    def _finish(self, callback_url: str, attempt: Attempt, resource: str | None) -> SignedIn:
        provider = self.issuer.provider
        code = exchange.read_callback(callback_url, provider, attempt)
        tokens = self._tokens(exchange.exchange_code(provider, self.identity, attempt, code, resource))
        return self._signed_in(tokens, attempt.scope, attempt.nonce)

    def _tokens(self, request: Request) -> TokenSet:
        answer = self.issuer.transport.send(request)
        check_available(answer)
        tokens = read_tokens(answer.status, answer.body)
        return token_set(tokens, provider=self.issuer.provider, client=self.identity, sent_at=answer.sent_at)

    def _signed_in(self, tokens: TokenSet, scope: str | None, nonce: str | None) -> SignedIn:
        """With the ID token checked, if there is one; there must be for `openid`. OpenID Connect Core §3.1.3.3."""
        if tokens.id_token is None:
            # Of an answer to a password nobody says that it has one.
            if nonce is not None and "openid" in (scope or "").split():
                raise ProtocolError("the answer lacks the ID token that was asked for")
            return SignedIn(tokens, None)
        claims = check_id_token(
            tokens.id_token,
            provider=self.issuer.provider,
            client_id=self.identity.client_id,
            keys=self.issuer.key_ring.find(tokens.id_token),
            access_token=tokens.access_token,
            nonce=nonce,
            now_s=self.issuer.transport.clock() // 1000,
        )
        return SignedIn(replace(tokens, subject=claims.subject), claims.values)
