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
_USUALLY: Final = {**NO_STORE, "X-Content-Type-Options": "nosniff", "Content-Type": "application/json"}
_encode = msgspec.json.Encoder().encode


class JsonAnswer(Response):
    """A response whose headers are ready. Starlette's own encodes each anew, a twentieth of a refresh's budget."""

    def __init__(self, body: bytes, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.status_code = status
        self.body = body
        self.background = None
        # A list of its own: what stands before the endpoint adds to it.
        self.raw_headers = [*headers, (b"content-length", str(len(body)).encode())]


def json_answer(body: Mapping[str, object], *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that no cache keeps (RFC 6749 §5.1), unless `headers` say otherwise."""
    sent = _USUAL if headers is None else _lines({**_USUALLY, **headers})
    return JsonAnswer(_encode(body), status, sent)


def _lines(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


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


_USUAL: Final = _lines(_USUALLY)
