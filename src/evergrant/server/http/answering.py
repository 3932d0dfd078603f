"""Answers: JSON that is never stored, and errors as RFC 6749 §5.2 and RFC 6750 §3 write them."""

from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.responses import Response

from evergrant.protocol.bearer import challenge
from evergrant.protocol.errors import (
    InsufficientScope,
    InvalidClient,
    InvalidToken,
    MethodNotAllowed,
    OAuthError,
    TemporarilyUnavailable,
    TooManyAttempts,
)

NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
CORRELATION_HEADER: Final = "X-Correlation-Id"
_encode = msgspec.json.Encoder().encode


def json_answer(body: Mapping[str, object], *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that no cache keeps (RFC 6749 §5.1), unless `headers` say otherwise."""
    sent = {**NO_STORE, "X-Content-Type-Options": "nosniff", **(headers or {})}
    return Response(_encode(body), status_code=status, headers=sent, media_type="application/json")


def error_answer(error: OAuthError, correlation_id: str, *, realm: str) -> Response:
    """The public answer: code, one sentence, and the id under which the operator finds the reason."""
    body = {**error.body(), "correlation_id": correlation_id}
    return json_answer(body, status=error.status, headers=_headers(error, realm))


def _headers(error: OAuthError, realm: str) -> dict[str, str]:
    match error:
        case InvalidClient():
            return {"WWW-Authenticate": challenge("Basic", {"realm": realm})}
        case InvalidToken():
            return {"WWW-Authenticate": challenge("Bearer", {"realm": realm, **error.body()})}
        case InsufficientScope():
            named = {"realm": realm, **error.body(), "scope": error.scope}
            return {"WWW-Authenticate": challenge("Bearer", named)}
        case MethodNotAllowed():
            return {"Allow": ", ".join(error.allow)}
        case TemporarilyUnavailable() | TooManyAttempts():
            return {"Retry-After": str(error.retry_after_s)}
        case _:
            return {}
