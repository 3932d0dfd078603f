"""What a token request was answered, as a test wants to look at it."""

from dataclasses import dataclass

from evergrant.core.reasons import Reason
from evergrant.protocol.secret import Secret
from evergrant.protocol.token_response import TokenResponse


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request was answered. `error` and `reason` are None where it was given tokens."""

    tokens: TokenResponse | None = None
    error: str | None = None
    status: int = 200
    reason: Reason | None = None

    @property
    def given(self) -> TokenResponse:
        """The tokens. Raises AssertionError with the error if there are none."""
        assert self.tokens is not None, f"{self.status} {self.error} ({self.reason})"
        return self.tokens

    @property
    def refresh_token(self) -> Secret:
        """Raises AssertionError if there is none."""
        assert self.given.refresh_token is not None
        return self.given.refresh_token

    @property
    def access_token(self) -> Secret:
        return self.given.access_token

    @property
    def scope(self) -> str:
        return str(self.given.scope)

    @property
    def refused(self) -> tuple[str | None, Reason | None]:
        """Error and private reason, to be compared."""
        return self.error, self.reason


Token = Secret | Reply
"""A token, or the reply that brought it."""


def text_of(token: Token) -> Secret:
    """The token itself: of a reply, the refresh token."""
    return token.refresh_token if isinstance(token, Reply) else token
