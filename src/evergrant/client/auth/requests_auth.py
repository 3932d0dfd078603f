"""For requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import requests
from requests.auth import AuthBase

from evergrant.client.addresses import Destinations
from evergrant.client.auth.kept import KeptSession
from evergrant.client.auth.refusals import is_refused
from evergrant.client.keeper import Valid
from evergrant.protocol.secret import Secret


class RequestsAuth(AuthBase):
    """`requests.Session().auth = …`, `requests.get(url, auth=…)`.

    A request whose token is refused is sent once more with a new one, if its body is text or bytes: a file or a
    generator is gone. A redirect is followed without the token where it leads to another host, and is not sent again.
    """

    def __init__(self, session: KeptSession, *, to: Iterable[str] | None = None) -> None:
        self._keeping = session.keeping
        self._destinations = Destinations(to)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Raises WrongDestination, and what `Session.tokens` raises."""
        self._destinations.check(request.url or "")
        token = self._keeping.get(Valid()).access_token
        _put(request, token)

        # Any: the settings of the session that sends, which requests passes on.
        def again(response: requests.Response, **settings: Any) -> requests.Response:
            return self._repair(response, token, settings)

        request.register_hook("response", again)
        return request

    def _repair(self, response: requests.Response, refused: Secret, settings: dict[str, Any]) -> requests.Response:
        request = response.request
        said = response.headers.get("www-authenticate")
        if request.headers.get("Authorization") != _header(refused) or not is_refused(response.status_code, said):
            return response
        newer = self._keeping.get(Valid(refused)).access_token
        if newer == refused or not isinstance(request.body, str | bytes | None):
            return response
        # Read to its end, so that the connection can be used again.
        _ = response.content
        response.close()
        repeated = request.copy()
        _put(repeated, newer)
        answer: requests.Response = response.connection.send(repeated, **settings)
        answer.history.append(response)
        answer.request = repeated
        return answer


def _put(request: requests.PreparedRequest, token: Secret) -> None:
    request.headers["Authorization"] = _header(token)


def _header(token: Secret) -> str:
    return f"Bearer {token.reveal()}"
