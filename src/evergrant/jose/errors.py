"""Why a key or a token was refused. The text never holds the token."""

from __future__ import annotations

from enum import StrEnum


class JoseReason(StrEnum):
    """For the log. A caller that answers a client says less."""

    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    FORBIDDEN_HEADER = "forbidden_header"
    ALGORITHM = "algorithm"
    UNKNOWN_KEY = "unknown_key"
    SIGNATURE = "signature"
    TYPE = "type"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    CLAIM = "claim"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"


class JoseError(Exception):
    """A token that is not to be believed; `reason` says why."""

    def __init__(self, reason: JoseReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class BadKey(ValueError):
    """A key that must not be used: private where a public one is expected, too weak, or of another kind."""
