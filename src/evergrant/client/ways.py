"""How a session gets new tokens: with its refresh token, or by the client asking again for itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from evergrant.client import exchange
from evergrant.client.errors import Refused, SignInReason, VaultDamaged
from evergrant.client.exchange import Identity, Request, Tokens
from evergrant.client.tokens import TokenSet
from evergrant.protocol.provider import Provider
from evergrant.protocol.values import Millis


class Way(Protocol):
    """A way to new tokens."""

    @property
    def provider(self) -> Provider:
        """Whose tokens they are."""
        ...

    @property
    def client(self) -> Identity:
        """Who asks."""
        ...

    def obstacle(self, held: TokenSet | None, /) -> SignInReason | None:
        """Why nobody but a person can go on; None if this way is open."""
        ...

    def request(self, held: TokenSet | None, /) -> Request:
        """What is sent. Only where there is no obstacle."""
        ...

    def ends(self, refused: Refused, /) -> bool:
        """Whether this answer means that the session is over."""
        ...


@dataclass(frozen=True, slots=True)
class ByRefreshToken:
    """RFC 6749 §6."""

    provider: Provider
    client: Identity

    def obstacle(self, held: TokenSet | None, /) -> SignInReason | None:
        if held is None:
            return SignInReason.NO_SESSION
        if held.ended is not None:
            return SignInReason.ENDED
        return None if held.refresh_token is not None else SignInReason.NO_REFRESH_TOKEN

    def request(self, held: TokenSet | None, /) -> Request:
        if held is None or held.refresh_token is None:
            raise ValueError("there is no refresh token")
        return exchange.refresh(self.provider, self.client, held.refresh_token)

    def ends(self, refused: Refused, /) -> bool:
        return refused.error == "invalid_grant"


@dataclass(frozen=True, slots=True)
class ByClientCredentials:
    """RFC 6749 §4.4: nobody signs in, so nothing is ever over."""

    provider: Provider
    client: Identity
    scope: str | None = None
    resource: str | None = None

    def obstacle(self, held: TokenSet | None, /) -> SignInReason | None:  # noqa: ARG002  a Way is asked about a session
        return None

    def request(self, held: TokenSet | None, /) -> Request:  # noqa: ARG002  the same request each time
        return exchange.client_credentials(self.provider, self.client, self.scope, self.resource)

    def ends(self, refused: Refused, /) -> bool:  # noqa: ARG002  a Way is asked about an answer
        return False


def token_set(
    tokens: Tokens, *, provider: Provider, client: Identity, sent_at: Millis, before: TokenSet | None = None
) -> TokenSet:
    """An answer of the token endpoint as the next tokens of a session.

    What it does not say again stays as it was: scope, refresh token and ID token (RFC 6749 §6).
    """
    fresh = TokenSet(
        issuer=provider.issuer,
        client_id=client.client_id,
        access_token=tokens.access_token,
        token_type=tokens.token_type,
        obtained_at=sent_at,
        expires_at=_after(sent_at, tokens.expires_in_s),
        refresh_token=tokens.refresh_token,
        refresh_expires_at=_after(sent_at, tokens.refresh_expires_in_s),
        id_token=tokens.id_token,
        scope=tokens.scope,
        revision=1,
    )
    if before is None:
        return fresh
    kept = tokens.refresh_token in (None, before.refresh_token)
    return replace(
        fresh,
        refresh_token=tokens.refresh_token or before.refresh_token,
        refresh_expires_at=fresh.refresh_expires_at or (before.refresh_expires_at if kept else None),
        id_token=tokens.id_token or before.id_token,
        scope=tokens.scope or before.scope,
        subject=before.subject,
        revision=before.revision + 1,
    )


def check_whose(tokens: TokenSet | None, way: Way) -> None:
    """Raises VaultDamaged for another issuer's: a refresh token is shown to nobody but the one who gave it."""
    if tokens is not None and (tokens.issuer, tokens.client_id) != (way.provider.issuer, way.client.client_id):
        raise VaultDamaged("the session in the vault is another issuer's or another client's")


def _after(moment: Millis, seconds: int | None) -> Millis | None:
    return None if seconds is None else Millis(moment + seconds * 1000)
