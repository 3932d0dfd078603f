"""Why a request is not let in, and what the caller is told. RFC 6750 §3, RFC 9470 §3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from evergrant.protocol.bearer import challenge
from evergrant.protocol.errors import (
    AccessDenied,
    InsufficientScope,
    InsufficientUserAuthentication,
    InvalidRequest,
    InvalidToken,
    OAuthError,
    TemporarilyUnavailable,
)

_USUALLY: Final = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, for whatever framework sends it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Refused(Exception):
    """The request is not let in.

    `error` is what the caller is told; None: it showed no token, and is told of no error (RFC 6750 §3.1). `reason`
    is for the log and never leaves the API. `scope` is what the request needs, space separated.
    """

    def __init__(self, error: OAuthError | None, *, reason: StrEnum | None = None, scope: str = "") -> None:
        super().__init__(str(error) if error is not None else "no access token was shown")
        self.error = error
        self.reason = reason
        self.scope = scope

    @property
    def status(self) -> int:
        """The HTTP status."""
        return 401 if self.error is None else self.error.status

    def answer(self, resource_metadata: str | None) -> Answer:
        """The whole answer; `resource_metadata` is the address of the API's document (RFC 9728 §5.1)."""
        told = {} if self.error is None else self.error.body()
        headers = dict(_USUALLY) | self._headers(told, resource_metadata)
        return Answer(self.status, tuple(headers.items()), json.dumps(told).encode())

    def _headers(self, told: Mapping[str, str], metadata: str | None) -> dict[str, str]:
        found = {} if metadata is None else {"resource_metadata": metadata}
        match self.error:
            case None:
                scope = {"scope": self.scope} if self.scope else {}
                return {"WWW-Authenticate": challenge("Bearer", scope | found)}
            case InvalidToken() | InvalidRequest():
                return {"WWW-Authenticate": challenge("Bearer", {**told, **found})}
            case InsufficientScope(scope=scope):
                # All that the request needs, not just what is missing: what the client asks for next must be enough.
                return {"WWW-Authenticate": challenge("Bearer", {**told, "scope": scope, **found})}
            case InsufficientUserAuthentication() as error:
                return {"WWW-Authenticate": challenge("Bearer", {**told, **error.wanted(), **found})}
            case TemporarilyUnavailable(retry_after_s=seconds):
                return {"Retry-After": str(seconds)}
            case AccessDenied():
                # No challenge: no other token of this client would do.
                return {}
            case _:
                return {}
