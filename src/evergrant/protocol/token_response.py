"""The token endpoint's answer. RFC 6749 §5.1; OpenID Connect Core §3.1.3.3, §12.2."""

from __future__ import annotations

from evergrant.protocol.record import record
from evergrant.protocol.scope import Scope
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis


@record
class TokenResponse:
    """What a client is given.

    `refresh_expires_in` is the time the refresh token has left, in milliseconds.
    """

    access_token: Secret
    expires_in_s: int
    scope: Scope
    refresh_token: Secret | None = None
    refresh_expires_in: Millis | None = None
    id_token: Secret | None = None

    def render(self) -> dict[str, str | int]:
        """The members of the JSON answer, in the order of RFC 6749 §5.1.

        This is where the tokens are revealed.
        """
        answer: dict[str, str | int] = {
            "access_token": self.access_token.reveal(),
            "token_type": "Bearer",
            "expires_in": self.expires_in_s,
        }
        if self.refresh_token is not None:
            answer["refresh_token"] = self.refresh_token.reveal()
        if self.refresh_expires_in is not None:
            # Whole minutes: a client that compares answers must not see a retry as another token.
            answer["refresh_token_expires_in"] = max(0, self.refresh_expires_in) // 60_000 * 60
        answer["scope"] = str(self.scope)
        if self.id_token is not None:
            answer["id_token"] = self.id_token.reveal()
        return answer
