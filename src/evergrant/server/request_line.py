"""The one line that each request writes into the log. ADR 0021."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})


class RequestLine(Struct, kw_only=True):
    """Begun when a request arrives, written when it is answered; a decision or a refusal is noted in between.

    Nothing in it is a caller's text but `method`: ids, names from our own registries, and numbers. `ms` is the time to
    the answer in milliseconds; what is UNSET is left out.
    """

    correlation_id: str
    method: str
    endpoint: str = "none"
    status: int = 0
    ms: float = 0.0
    client_id: str | UnsetType = UNSET
    grant_type: str | UnsetType = UNSET
    decision: str | UnsetType = UNSET
    error: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    grant: str | UnsetType = UNSET
    generation: int | UnsetType = UNSET
    event: Literal["request"] = "request"
    level: Literal["info", "warning"] = "info"
    at: str = ""

    def values(self) -> dict[str, object]:
        """For a logger that adds event, level and time itself."""
        known = {name: value for name, value in asdict(self).items() if value is not UNSET}
        return {name: value for name, value in known.items() if name not in ("event", "level", "at")}
