"""The errors of OAuth. RFC 6749 §4.1.2.1, §5.2; RFC 6750 §3.1; OpenID Connect Core §3.1.2.6."""

import re
from collections.abc import Iterator
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.protocol import errors
from evergrant.protocol.errors import (
    InsufficientScope,
    InvalidGrant,
    InvalidRequest,
    MethodNotAllowed,
    OAuthError,
    TemporarilyUnavailable,
)


class Why(StrEnum):
    REUSED = "reused"


def all_errors() -> Iterator[type[OAuthError]]:
    for value in vars(errors).values():
        if isinstance(value, type) and issubclass(value, OAuthError):
            yield value


def test_every_error_has_the_code_and_status_of_its_specification() -> None:
    assert {kind.__name__: (kind.code, kind.status) for kind in all_errors() if kind is not OAuthError} == {
        "InvalidRequest": ("invalid_request", 400),
        "MethodNotAllowed": ("invalid_request", 405),
        "PayloadTooLarge": ("invalid_request", 413),
        "UnsupportedMediaType": ("invalid_request", 415),
        "InvalidClient": ("invalid_client", 401),
        "InvalidGrant": ("invalid_grant", 400),
        "UnauthorizedClient": ("unauthorized_client", 400),
        "UnsupportedGrantType": ("unsupported_grant_type", 400),
        "UnsupportedResponseType": ("unsupported_response_type", 400),
        "InvalidScope": ("invalid_scope", 400),
        "InvalidTarget": ("invalid_target", 400),
        "AccessDenied": ("access_denied", 403),
        "LoginRequired": ("login_required", 400),
        "ConsentRequired": ("consent_required", 400),
        "InteractionRequired": ("interaction_required", 400),
        "RequestNotSupported": ("request_not_supported", 400),
        "RequestUriNotSupported": ("request_uri_not_supported", 400),
        "RegistrationNotSupported": ("registration_not_supported", 400),
        "TooManyAttempts": ("temporarily_unavailable", 429),
        "TemporarilyUnavailable": ("temporarily_unavailable", 503),
        "ServerError": ("server_error", 500),
        "InvalidToken": ("invalid_token", 401),
        "InsufficientScope": ("insufficient_scope", 403),
        "InsufficientUserAuthentication": ("insufficient_user_authentication", 401),
    }


def test_every_error_names_its_source() -> None:
    for kind in all_errors():
        assert re.search(r"RFC \d+ §|OpenID Connect Core §", kind.__doc__ or ""), kind


def test_the_client_is_told_the_sentence_and_never_the_reason() -> None:
    error = InvalidGrant("The refresh token is invalid, expired or revoked.", reason=Why.REUSED)

    assert error.body() == {
        "error": "invalid_grant",
        "error_description": "The refresh token is invalid, expired or revoked.",
    }
    assert error.reason is Why.REUSED
    assert "reused" not in f"{error} {error!r} {error.body()}"


@given(st.text())
def test_s127_a_description_has_only_the_characters_of_the_specification(text: str) -> None:
    allowed = text != "" and all(" " <= character <= "~" and character not in '"\\' for character in text)

    if allowed:
        assert InvalidRequest(text).description == text
    else:
        with pytest.raises(ValueError, match=r"5\.2"):
            InvalidRequest(text)


def test_a_client_is_asked_to_come_back_within_five_seconds() -> None:
    assert TemporarilyUnavailable("Try again.").retry_after_s == 1
    assert TemporarilyUnavailable("Try again.", retry_after_s=5).retry_after_s == 5
    for seconds in (0, 6, -1):
        with pytest.raises(ValueError, match="seconds"):
            TemporarilyUnavailable("Try again.", retry_after_s=seconds)


def test_some_errors_say_what_would_have_done() -> None:
    assert MethodNotAllowed("Use POST.", allow=("POST",)).allow == ("POST",)
    assert InsufficientScope("The token lacks a scope.", scope="a b").scope == "a b"
