"""The errors of OAuth and OpenID Connect. Each class owns its code and its HTTP status.

A call site adds one sentence for the client and, where it matters, a private reason for log, metric and
event. The reason never reaches the client.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import ClassVar

# RFC 6749 §5.2: printable ASCII without the quotation mark and the backslash.
_DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")


class OAuthError(Exception):
    """An error as RFC 6749 §4.1.2.1 and §5.2 define it.

    `description` is shown to the client and must be our own words: a text outside the characters of RFC
    6749 §5.2 is a `ValueError`, because it is either a slip or a client's text that would be reflected.
    """

    code: ClassVar[str] = "server_error"
    status: ClassVar[int] = 500

    def __init__(self, description: str, *, reason: StrEnum | None = None) -> None:
        if _DESCRIPTION.fullmatch(description) is None:
            raise ValueError("an error description has characters outside RFC 6749 section 5.2")
        super().__init__(description)
        self.description = description
        self.reason = reason

    def body(self) -> dict[str, str]:
        """The members of the JSON answer or of the redirect. RFC 6749 §5.2."""
        return {"error": self.code, "error_description": self.description}

    def __str__(self) -> str:
        return f"{self.code}: {self.description}"


class InvalidRequest(OAuthError):
    """A parameter is missing, repeated or malformed. RFC 6749 §4.1.2.1, §5.2."""

    code = "invalid_request"
    status = 400


class MethodNotAllowed(InvalidRequest):
    """The endpoint has no such method; `allow` lists those it has. RFC 9110 §15.5.6."""

    status = 405

    def __init__(self, description: str, *, allow: tuple[str, ...] = (), reason: StrEnum | None = None) -> None:
        super().__init__(description, reason=reason)
        self.allow = allow


class PayloadTooLarge(InvalidRequest):
    """The body is larger than we read. RFC 9110 §15.5.14."""

    status = 413


class UnsupportedMediaType(InvalidRequest):
    """The body is not the kind of form the endpoint reads. RFC 9110 §15.5.16."""

    status = 415


class InvalidClient(OAuthError):
    """Client authentication failed. RFC 6749 §5.2."""

    code = "invalid_client"
    status = 401


class InvalidGrant(OAuthError):
    """The code, token or password is wrong, spent, expired, revoked or another's. RFC 6749 §5.2."""

    code = "invalid_grant"
    status = 400


class UnauthorizedClient(OAuthError):
    """The client may not use this grant or response type. RFC 6749 §5.2."""

    code = "unauthorized_client"
    status = 400


class UnsupportedGrantType(OAuthError):
    """We have no such grant type. RFC 6749 §5.2."""

    code = "unsupported_grant_type"
    status = 400


class UnsupportedResponseType(OAuthError):
    """We have no such response type. RFC 6749 §4.1.2.1."""

    code = "unsupported_response_type"
    status = 400


class InvalidScope(OAuthError):
    """The scope is malformed, unknown or beyond what was granted. RFC 6749 §5.2."""

    code = "invalid_scope"
    status = 400


class InvalidTarget(OAuthError):
    """The resource is malformed, unknown or beyond what was granted. RFC 8707 §2."""

    code = "invalid_target"
    status = 400


class AccessDenied(OAuthError):
    """The person or the server said no. RFC 6749 §4.1.2.1."""

    code = "access_denied"
    status = 403


class LoginRequired(OAuthError):
    """`prompt=none`, but nobody is signed in (recently enough). OpenID Connect Core §3.1.2.6."""

    code = "login_required"
    status = 400


class ConsentRequired(OAuthError):
    """`prompt=none`, but consent has to be asked. OpenID Connect Core §3.1.2.6."""

    code = "consent_required"
    status = 400


class InteractionRequired(OAuthError):
    """`prompt=none`, but some other page has to be shown. OpenID Connect Core §3.1.2.6."""

    code = "interaction_required"
    status = 400


class RequestNotSupported(OAuthError):
    """The `request` parameter is not supported. OpenID Connect Core §3.1.2.6."""

    code = "request_not_supported"
    status = 400


class RequestUriNotSupported(OAuthError):
    """The `request_uri` parameter is not supported. OpenID Connect Core §3.1.2.6."""

    code = "request_uri_not_supported"
    status = 400


class RegistrationNotSupported(OAuthError):
    """The `registration` parameter is not supported. OpenID Connect Core §3.1.2.6."""

    code = "registration_not_supported"
    status = 400


class TemporarilyUnavailable(OAuthError):
    """Trouble on our side; the same request may be sent again after `retry_after_s` (1 to 5 seconds).

    RFC 6749 §4.1.2.1. A store that is down is this, never `invalid_grant`: a client throws its token away
    on that.
    """

    code = "temporarily_unavailable"
    status = 503

    def __init__(self, description: str, *, retry_after_s: int = 1, reason: StrEnum | None = None) -> None:
        if not 1 <= retry_after_s <= 5:
            raise ValueError("retry_after_s is 1 to 5 seconds")
        super().__init__(description, reason=reason)
        self.retry_after_s = retry_after_s


class TooManyAttempts(OAuthError):
    """Passwords were tried too often; the next try may come after `retry_after_s` seconds. RFC 6585 §4.

    Not `invalid_grant`: the password may well be right, it was not looked at.
    """

    code = "temporarily_unavailable"
    status = 429

    def __init__(self, description: str, *, retry_after_s: int, reason: StrEnum | None = None) -> None:
        super().__init__(description, reason=reason)
        self.retry_after_s = max(1, retry_after_s)


class ServerError(OAuthError):
    """A bug on our side. RFC 6749 §4.1.2.1."""

    code = "server_error"
    status = 500


class InvalidToken(OAuthError):
    """The access token is malformed, expired or revoked. RFC 6750 §3.1."""

    code = "invalid_token"
    status = 401


class InsufficientScope(OAuthError):
    """The access token lacks `scope` (space separated). RFC 6750 §3.1."""

    code = "insufficient_scope"
    status = 403

    def __init__(self, description: str, *, scope: str, reason: StrEnum | None = None) -> None:
        super().__init__(description, reason=reason)
        self.scope = scope


class InsufficientUserAuthentication(OAuthError):
    """An API's: the person has to sign in again, in one of the ways `acr_values`, or within the last `max_age_s` s.

    RFC 9470 §3.
    """

    code = "insufficient_user_authentication"
    status = 401

    def __init__(
        self,
        description: str,
        *,
        acr_values: tuple[str, ...] = (),
        max_age_s: int | None = None,
        reason: StrEnum | None = None,
    ) -> None:
        super().__init__(description, reason=reason)
        self.acr_values = acr_values
        self.max_age_s = max_age_s

    def wanted(self) -> dict[str, str]:
        """What to ask the issuer for, as parameters of the challenge and of the authorization request."""
        acr = {"acr_values": " ".join(self.acr_values)} if self.acr_values else {}
        return acr if self.max_age_s is None else {**acr, "max_age": str(self.max_age_s)}
