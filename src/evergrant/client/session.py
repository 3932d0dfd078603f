"""A session that does not end by itself: its tokens are there when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from evergrant.client.auth.httpx2_auth import Httpx2Auth
from evergrant.client.errors import NotOffered, Refused
from evergrant.client.keeper import Valid
from evergrant.client.keeping import Change, Keeping
from evergrant.client.tokens import TokenSet
from evergrant.protocol.secret import Secret


class Session:
    """What `Client.session` and `Client.service` give. Any thread may use it; it costs nothing to ask for it again.

    What gets tokens raises SignInRequired if only a person can help; RefreshUnavailable if the issuer cannot be asked
    now (the tokens are kept); Refused, ProtocolError, VaultUnavailable and VaultDamaged if something is wrong.
    """

    def __init__(self, keeping: Keeping, revoke: Callable[[Secret], None]) -> None:
        self.keeping = keeping
        self._revoke = revoke

    def keep(self, tokens: TokenSet) -> None:
        """From now on the session has these: after a sign-in. Raises VaultError; ValueError for another client's."""
        self.keeping.keep(tokens)

    def access_token(self) -> Secret:
        """One that works. Renewed first if it has to be, and behind the caller's back while the old one still works."""
        return self.tokens().access_token

    def tokens(self) -> TokenSet:
        """As `access_token`, with all that came with it."""
        return self.keeping.get(Valid())

    def renew(self) -> TokenSet:
        """New ones, however long the old ones would live: after a change of roles, or for an older access token."""
        return self.keeping.get(self.keeping.newer())

    def revoke(self) -> None:
        """End the session at the issuer, and then forget it.

        It is not forgotten if the issuer cannot be asked: IssuerUnavailable. What an issuer does not revoke (it offers
        no revocation, or none of such tokens) is forgotten without it. The person may still be signed in at the issuer
        itself: `Client.logout_url`.
        """
        self.keeping.end(self._end_at_issuer)

    def auth(self, *, to: Iterable[str] | None = None) -> Httpx2Auth:
        """For httpx2. `to` are the origins that may see the token, as `https://api.example.com`.

        For httpx and requests: `auth.httpx_auth.HttpxAuth(session)`, `auth.requests_auth.RequestsAuth(session)`.
        """
        return Httpx2Auth(self, to=to)

    def on_change(self, listener: Callable[[Change], object]) -> Callable[[], None]:
        """Call `listener` after each change that is made or found out here, in whichever thread that is.

        It must not wait for new tokens of the same session. Returns what ends it.
        """
        self.keeping.listeners.append(listener)

        def stop() -> None:
            with suppress(ValueError):
                self.keeping.listeners.remove(listener)

        return stop

    def _end_at_issuer(self, held: TokenSet) -> None:
        try:
            self._revoke(held.refresh_token or held.access_token)
        except NotOffered:
            return
        except Refused as refused:
            # RFC 7009 §2.2.1: asked again, it would say the same, and the session could never be forgotten.
            if refused.error != "unsupported_token_type":
                raise
