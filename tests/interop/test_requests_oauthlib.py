"""requests-oauthlib's OAuth2Session: it refreshes by itself where it is told how, without a lock."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from urllib.parse import parse_qs

import pytest
from requests import Response
from requests_oauthlib import OAuth2Session

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


@pytest.fixture(autouse=True)
def loopback_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own switch for development: otherwise it speaks to https only."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture
def signed_in(server: Server) -> Iterator[SignedIn]:
    """Signs the demo user in to a demo client, with the library's own PKCE, and gives the session."""
    opened: list[Session] = []

    def sign_in_to(name: str) -> Session:
        demo = server.demo.clients[name]
        # Authentication at a refresh is the caller's business: these are sent in the form.
        proof = {"client_id": demo.client_id}
        if demo.client_secret is not None:
            proof["client_secret"] = demo.client_secret
        session = OAuth2Session(
            demo.client_id,
            scope=SCOPE.split(),
            redirect_uri=REDIRECT_URI,
            pkce="S256",
            auto_refresh_url=f"{server.base_url}/token",
            auto_refresh_kwargs=proof,
            token_updater=lambda token: None,
        )
        opened.append(session)
        url, _ = session.authorization_url(f"{server.base_url}/authorize")
        session.fetch_token(
            f"{server.base_url}/token",
            authorization_response=sign_in(server, url),
            client_secret=demo.client_secret,
        )
        return session

    yield sign_in_to
    for session in opened:
        session.close()


def call_api(server: Server, session: Session) -> tuple[int, str]:
    """Status, and whom the API thinks it speaks with."""
    answer = session.get(f"{server.base_url}/userinfo")
    return answer.status_code, answer.json().get("name", "")


def expire(session: Session) -> None:
    """The moment is read when a token is set, and not when it is used."""
    session.token = {**session.token, "expires_at": LONG_AGO}


@pytest.mark.parametrize("client", ["demo-web", "demo-service"])
def test_a_call_after_expiry_refreshes_first(server: Server, signed_in: SignedIn, client: str) -> None:
    """At sign-in a public client shows an empty password by Basic."""
    session = signed_in(client)
    first, before = dict(session.token), refreshes(server)
    assert call_api(server, session) == (200, "Ada")

    expire(session)
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

    expire(session)
    called = in_threads(lambda: call_api(server, session))

    assert called == [(200, "Ada")] * CALLS
    assert refreshes(server) - before == ONE_FOR_ALL
    assert successors == {session.token["refresh_token"]}
    expire(session)
    assert call_api(server, session) == (200, "Ada")
    assert standing(server, session.token["access_token"]) == ("active", 3)


def test_what_it_sends_along_with_a_refresh_by_mistake_is_ignored(server: Server, signed_in: SignedIn) -> None:
    """RFC 6749 §3.2: options of the API call end up in the form of the token request."""
    session = signed_in("demo-web")
    sent: list[dict[str, list[str]]] = []

    def note(url: str, headers: object, body: str) -> tuple[str, object, str]:
        sent.append(parse_qs(body))
        return url, headers, body

    session.register_compliance_hook("refresh_token_request", note)

    expire(session)
    called = call_api(server, session)

    assert called == (200, "Ada")
    assert [form["allow_redirects"] for form in sent] == [["True"]]
