"""google-auth's Credentials: given a refresh token they keep themselves valid, without a lock.

They cannot sign in. Their companion for that signs in with requests-oauthlib and hands the tokens over; so does this.
"""

import json
from collections import Counter
from datetime import datetime
from typing import Any, Final, TypeAlias

import pytest
import requests
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2.credentials import Credentials
from requests_oauthlib import OAuth2Session

from tests.interop.at_expiry import (
    CALLS,
    ONE_FOR_ALL,
    REDIRECT_URI,
    SCOPE,
    Together,
    in_threads,
    refreshes,
    sign_in,
    standing,
)
from tests.support.server import Server

# Nearly nothing in the library has types.
Kept: TypeAlias = Any

LONG_AGO: Final = datetime(2001, 1, 1)  # noqa: DTZ001  # the library compares with a time without a zone


@pytest.fixture
def credentials(server: Server, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """The demo user's at demo-service: the library insists on a client secret."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # requests-oauthlib speaks to https only
    demo, token_uri = server.demo.clients["demo-service"], f"{server.base_url}/token"
    with OAuth2Session(demo.client_id, scope=SCOPE.split(), redirect_uri=REDIRECT_URI, pkce="S256") as session:
        url, _ = session.authorization_url(f"{server.base_url}/authorize")
        came_back = sign_in(server, url)
        token = session.fetch_token(token_uri, authorization_response=came_back, client_secret=demo.client_secret)
    return Credentials(  # type: ignore[no-untyped-call]  # the library has few types
        token["access_token"],
        refresh_token=token["refresh_token"],
        token_uri=token_uri,
        client_id=demo.client_id,
        client_secret=demo.client_secret,
        scopes=SCOPE.split(),
    )


class TogetherAtTheTokenEndpoint(Request):
    """The library's own transport, behind the gate."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Together()
        self.successors: set[str] = set()

    def __call__(self, *args: Any, **options: Any) -> Any:  # as the library has them
        self.gate.wait()
        answer = super().__call__(*args, **options)  # type: ignore[no-untyped-call]  # the library has few types
        self.successors.add(json.loads(answer.data)["refresh_token"])
        return answer


def open_session(credentials: Kept, **options: Request) -> AuthorizedSession:
    """The library's requests session, to be closed by the caller."""
    return AuthorizedSession(credentials, **options)  # type: ignore[no-untyped-call]  # the library has few types


def call_api(server: Server, session: AuthorizedSession) -> tuple[int, str]:
    """Status, and whom the API thinks it speaks with."""
    answer = session.get(f"{server.base_url}/userinfo")
    return answer.status_code, answer.json().get("name", "")


def test_a_call_after_expiry_refreshes_first(server: Server, credentials: Kept) -> None:
    """It asks for its scopes again each time."""
    first, before = credentials.refresh_token, refreshes(server)
    with open_session(credentials) as session:
        assert call_api(server, session) == (200, "Ada")

        credentials.expiry = LONG_AGO
        called = call_api(server, session)

    assert called == (200, "Ada")
    assert refreshes(server) - before == Counter(renew=1)
    assert credentials.refresh_token != first
    assert set(credentials.granted_scopes) == set(SCOPE.split())


def test_eight_threads_at_expiry_all_succeed_and_the_session_lives(server: Server, credentials: Kept) -> None:
    before, transport = refreshes(server), TogetherAtTheTokenEndpoint()
    with open_session(credentials, auth_request=transport) as session:
        credentials.expiry = LONG_AGO
        called = in_threads(lambda: call_api(server, session))

        assert called == [(200, "Ada")] * CALLS
        assert refreshes(server) - before == ONE_FOR_ALL
        assert transport.successors == {credentials.refresh_token}
        credentials.expiry = LONG_AGO
        assert call_api(server, session) == (200, "Ada")
    assert standing(server, credentials.token) == ("active", 3)


def test_eight_threads_whose_access_token_the_api_refuses_all_refresh_and_call_again(
    server: Server, credentials: Kept
) -> None:
    """RFC 6750 §3.1: any 401 makes it refresh, whatever it thinks of the expiry."""
    before, transport = refreshes(server), TogetherAtTheTokenEndpoint()
    with open_session(credentials, auth_request=transport) as session:
        credentials.token = f"{credentials.token[:-8]}AAAAAAAA"
        called = in_threads(lambda: call_api(server, session))

    assert called == [(200, "Ada")] * CALLS
    assert refreshes(server) - before == ONE_FOR_ALL


def test_a_grant_that_ended_is_an_error_that_it_does_not_retry(server: Server, credentials: Kept) -> None:
    """RFC 6749 §5.2"""
    form = {"client_id": credentials.client_id, "client_secret": credentials.client_secret}
    requests.post(f"{server.base_url}/revoke", {"token": credentials.refresh_token, **form}, timeout=10)
    before = refreshes(server)
    credentials.expiry = LONG_AGO

    with open_session(credentials) as session, pytest.raises(RefreshError) as refused:
        call_api(server, session)

    assert str(refused.value.args[0]).startswith("invalid_grant: ")
    assert refused.value.retryable is False
    assert refreshes(server) - before == Counter(refuse=1)
