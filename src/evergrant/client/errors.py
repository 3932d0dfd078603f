"""What can go wrong for a client, as types: sign in again, try again later, or a defect. No text holds a secret."""

from __future__ import annotations

from copy import copy
from enum import StrEnum
from typing import Self


class ClientError(Exception):
    """Whatever this library raises of itself. The arguments are kept as they were given, so that it can be pickled."""

    def again(self) -> Self:
        """The same error without its traceback, to be raised at another place or to another caller."""
        return copy(self)


class SignInReason(StrEnum):
    """Why a person has to sign in."""

    NO_SESSION = "no_session"
    """Nobody has signed in, or they signed out."""
    NO_REFRESH_TOKEN = "no_refresh_token"
    """The access token is of no use any more, and the issuer gave nothing to renew it with."""
    ENDED = "ended"
    """The issuer refused the refresh token: expired, revoked or used by somebody else. It does not say which."""


class SignInRequired(ClientError):
    """Only a person can help, by signing in. `correlation_id` is what the issuer's operator can look up."""

    def __init__(self, reason: SignInReason, correlation_id: str | None = None) -> None:
        super().__init__(reason, correlation_id)
        self.reason = reason
        self.correlation_id = correlation_id

    def __str__(self) -> str:
        looked_up = f" (correlation id {self.correlation_id})" if self.correlation_id else ""
        return f"sign in: {self.reason.value}{looked_up}"


class IssuerUnavailable(ClientError):
    """The issuer gave no answer, or said that it cannot give one now. Nothing is lost: try again later."""

    def __init__(self, why: str, retry_after_s: float | None = None) -> None:
        super().__init__(why, retry_after_s)
        self.why = why
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        when = f"; try again in {self.retry_after_s:.0f} s" if self.retry_after_s is not None else ""
        return f"{self.why}{when}"


class RefreshUnavailable(IssuerUnavailable):
    """The tokens cannot be renewed now. They are kept."""


class ProtocolError(ClientError):
    """An answer that is none by the specification; the text says what is wrong with it."""


class NotOffered(ClientError):
    """The issuer has no such endpoint; the text names it."""


class Refused(ClientError):
    """An error answer. RFC 6749 §4.1.2.1, §5.2."""

    def __init__(
        self, error: str, description: str | None, status: int | None = None, correlation_id: str | None = None
    ) -> None:
        super().__init__(error, description, status, correlation_id)
        self.error = error
        self.description = description
        self.status = status
        self.correlation_id = correlation_id

    def __str__(self) -> str:
        return f"{self.error}: {self.description}" if self.description else self.error


class WrongDestination(ClientError):
    """A request with a token was about to go where the token must not be seen. It was not sent."""


class VaultError(ClientError):
    """The place where tokens are kept does not do its work; the text says why, and never holds a token."""


class VaultBusy(VaultError):
    """Somebody else held the lock for too long."""


class VaultUnavailable(VaultError):
    """Tokens could not be read or written: no permission, no space, no database."""


class VaultDamaged(VaultError):
    """What is kept there is not what was saved. It is left as it is."""
