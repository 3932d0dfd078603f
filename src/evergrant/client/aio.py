"""The same for asyncio. What waits for the network waits in a thread: a cancelled task then loses no answer."""

from __future__ import annotations

import asyncio
import webbrowser
from collections.abc import Callable, Iterable, Mapping

import httpx2

from evergrant.client.auth.httpx2_auth import Httpx2Auth
from evergrant.client.client import BROWSER_WAIT_S, Client
from evergrant.client.issuer import Issuer
from evergrant.client.keeper import Valid
from evergrant.client.keeping import Change, Keeping
from evergrant.client.session import Session
from evergrant.client.sign_in import Seal, SignedIn, SignIn
from evergrant.client.tokens import TokenSet
from evergrant.client.vaults.vault import Vault
from evergrant.protocol.provider import Provider
from evergrant.protocol.secret import Secret


class AsyncIssuer:
    """As Issuer."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    @classmethod
    async def discover(cls, url: str, *, http: httpx2.Client | None = None) -> AsyncIssuer:
        """As `Issuer.discover`. `http` is a sync client here too: it is used in threads."""
        return cls(await asyncio.to_thread(Issuer.discover, url, http=http))

    @property
    def provider(self) -> Provider:
        """As `Issuer.provider`."""
        return self._issuer.provider

    def client(self, client_id: str, secret: Secret | str | None = None) -> AsyncClient:
        """As `Issuer.client`."""
        return AsyncClient(self._issuer.client(client_id, secret))


class AsyncClient:
    """As Client, which may be shared: its sessions are the same ones."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def begin_sign_in(
        self,
        redirect_uri: str,
        scope: str,
        seal: Seal,
        *,
        resource: str | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> SignIn:
        """As `Client.begin_sign_in`: nothing is waited for."""
        return self._client.begin_sign_in(redirect_uri, scope, seal, resource=resource, extra=extra)

    async def finish_sign_in(self, callback_url: str, sealed: str, seal: Seal) -> SignedIn:
        """As `Client.finish_sign_in`."""
        return await asyncio.to_thread(self._client.finish_sign_in, callback_url, sealed, seal)

    async def sign_in_in_browser(
        self,
        scope: str,
        *,
        resource: str | None = None,
        extra: Mapping[str, str] | None = None,
        show: Callable[[str], object] = webbrowser.open,
        seconds: float = BROWSER_WAIT_S,
        port: int = 0,
    ) -> SignedIn:
        """As `Client.sign_in_in_browser`."""
        sign_in = self._client.sign_in_in_browser
        return await asyncio.to_thread(
            sign_in, scope, resource=resource, extra=extra, show=show, seconds=seconds, port=port
        )

    async def password(self, username: str, password: Secret | str, scope: str | None = None) -> SignedIn:
        """As `Client.password`."""
        return await asyncio.to_thread(self._client.password, username, password, scope)

    async def client_credentials(self, scope: str | None = None, resource: str | None = None) -> TokenSet:
        """As `Client.client_credentials`."""
        return await asyncio.to_thread(self._client.client_credentials, scope, resource)

    async def refresh(self, tokens: TokenSet) -> TokenSet:
        """As `Client.refresh`. Not to be cancelled: nobody would then have the answer. A session is safe."""
        return await asyncio.to_thread(self._client.refresh, tokens)

    async def revoke(self, token: Secret) -> None:
        """As `Client.revoke`."""
        await asyncio.to_thread(self._client.revoke, token)

    async def introspect(self, token: Secret) -> Mapping[str, object]:
        """As `Client.introspect`."""
        return await asyncio.to_thread(self._client.introspect, token)

    async def userinfo(self, access_token: Secret, *, subject: str | None = None) -> Mapping[str, object]:
        """As `Client.userinfo`."""
        return await asyncio.to_thread(self._client.userinfo, access_token, subject=subject)

    def logout_url(
        self, id_token: Secret | None = None, *, return_to: str | None = None, state: str | None = None
    ) -> str:
        """As `Client.logout_url`: nothing is waited for."""
        return self._client.logout_url(id_token, return_to=return_to, state=state)

    def session(self, vault: Vault, name: str) -> AsyncSession:
        """As `Client.session`."""
        return AsyncSession(self._client.session(vault, name))

    def service(self, vault: Vault, *, scope: str | None = None, resource: str | None = None) -> AsyncSession:
        """As `Client.service`."""
        return AsyncSession(self._client.service(vault, scope=scope, resource=resource))


class AsyncSession:
    """As Session. Several event loops and threads may share one; a cancelled task leaves its renewal to the others."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def keeping(self) -> Keeping:
        """As `Session.keeping`."""
        return self._session.keeping

    async def keep(self, tokens: TokenSet) -> None:
        """As `Session.keep`."""
        await asyncio.to_thread(self._session.keep, tokens)

    async def access_token(self) -> Secret:
        """As `Session.access_token`."""
        return (await self.tokens()).access_token

    async def tokens(self) -> TokenSet:
        """As `Session.tokens`."""
        return await self.keeping.aget(Valid())

    async def renew(self) -> TokenSet:
        """As `Session.renew`."""
        return await self.keeping.aget(await asyncio.to_thread(self.keeping.newer))

    async def revoke(self) -> None:
        """As `Session.revoke`."""
        await asyncio.to_thread(self._session.revoke)

    def auth(self, *, to: Iterable[str] | None = None) -> Httpx2Auth:
        """As `Session.auth`."""
        return self._session.auth(to=to)

    def on_change(self, listener: Callable[[Change], object]) -> Callable[[], None]:
        """As `Session.on_change`: the listener is no coroutine, and is called in another thread than the loop's."""
        return self._session.on_change(listener)
