"""Authlib's OAuth2Session on requests: it refreshes by itself, without a lock."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from requests import Response

from tests.interop.at_expiry import (
    CALLS,
    LONG_AGO,
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

# The library has no types.
Session: TypeAlias = Any
SignedIn: TypeAlias = Callable[[str], Session]


@pytest.fixture
def signed_in(server: Server) -> Iterator[SignedIn]:
    """Signs the demo user in to a demo client, with the library's own PKCE, and gives the session."""
    opened: list[Session] = []

    def sign_in_to(client: str) -> Session:
        demo = server.demo.clients[client]
        session = OAuth2Session(
            demo.client_id,
            demo.client_secret,
            scope=SCOPE,
            redirect_uri=REDIRECT_URI,
            code_challenge_method="S256",
            token_endpoint=f"{server.base_url}/token",
        )
        opened.append(session)
        verifier = generate_token(48)
        url, state = session.create_authorization_url(f"{server.base_url}/authorize", code_verifier=verifier)
        came_back = sign_in(server, url)
        session.fetch_token(authorization_response=came_back, state=state, code_verifier=verifier)
        return session

    yield sign_in_to
    for session in opened:
        session.close()


def call_api(server: Server, session: Session) -> tuple[int, str]:
    """Status, and whom the API thinks it speaks with."""
    answer = session.get(f"{server.base_url}/userinfo")
    return answer.status_code, answer.json().get("name", "")


@pytest.mark.parametrize("client", ["demo-web", "demo-service"])
def test_a_call_after_expiry_refreshes_first(server: Server, signed_in: SignedIn, client: str) -> None:
    session = signed_in(client)
    first, before = dict(session.token), refreshes(server)
    assert call_api(server, session) == (200, "Ada")

    session.token["expires_at"] = LONG_AGO
    called = call_api(server, session)

    assert called == (200, "Ada")
    assert refreshes(server) - before == Counter(renew=1)
    assert session.token["refresh_token"] != first["refresh_token"]
    assert session.token["scope"] == first["scope"]


@pytest.mark.parametrize("client", ["demo-web", "demo-service"])
def test_eight_threads_at_expiry_all_succeed_and_the_session_lives(
    server: Server, signed_in: SignedIn, client: str
) -> None:
    session, together, before = signed_in(client), Together(), refreshes(server)
    successors: set[str] = set()

    def wait_for_the_others(url: str, headers: object, body: str) -> tuple[str, object, str]:
        together.wait()
        return url, headers, body

    def note(answer: Response) -> Response:
        successors.add(answer.json()["refresh_token"])
        return answer

    session.register_compliance_hook("refresh_token_request", wait_for_the_others)
    session.register_compliance_hook("refresh_token_response", note)

    session.token["expires_at"] = LONG_AGO
    called = in_threads(lambda: call_api(server, session))

    assert called == [(200, "Ada")] * CALLS
    assert refreshes(server) - before == ONE_FOR_ALL
    assert successors == {session.token["refresh_token"]}
    session.token["expires_at"] = LONG_AGO
    assert call_api(server, session) == (200, "Ada")
    assert standing(server, session.token["access_token"]) == ("active", 3)


def test_what_it_revokes_is_over(server: Server, signed_in: SignedIn) -> None:
    """RFC 7009: with the refresh token the access token goes too."""
    session = signed_in("demo-service")

    revoked = session.revoke_token(f"{server.base_url}/revoke", session.token["refresh_token"])

    assert revoked.status_code == 200
    assert call_api(server, session)[0] == 401
