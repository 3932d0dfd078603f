"""When an API's answer means that the token, and nothing else, was wrong. RFC 6750 §3.1."""

from __future__ import annotations

from evergrant.client.answers import bearer_challenge


def is_refused(status: int, www_authenticate: str | None) -> bool:
    """Whether a new token may help: 401 with `invalid_token`.

    Another 401 may be a proxy's, or of somebody who wants no Bearer token: a new one would be refused as well, and
    the next one, and each of them costs the issuer a renewal.
    """
    if status != 401:
        return False
    challenge = bearer_challenge(www_authenticate)
    return challenge is not None and challenge.parameters.get("error") == "invalid_token"
