"""Requests that carry a session's token, with each HTTP client there is an adapter for."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from evergrant.client import AsyncClient, MemoryVault, Session, SignInRequired, TokenSet, WrongDestination
from evergrant.client.auth.requests_auth import RequestsAuth
from tests.client.senders import SENDERS, Sender
from tests.client.signing_in import Away
from tests.support.api import Api, api


@pytest.fixture
def service_api() -> Iterator[Api]:
    with api() as listening:
        yield listening


@pytest.fixture
def other_api() -> Iterator[Api]:
    """On another port: another origin."""
    with api() as listening:
        yield listening


@pytest.fixture(params=SENDERS, ids=lambda sender: sender.name)
def sender(request: pytest.FixtureRequest) -> Sender:
    found = request.param
    assert isinstance(found, Sender)
    return found


def begin(away: Away) -> tuple[Session, TokenSet]:
    """The demo service's own session, begun a while ago."""
    session = away.client.service(MemoryVault())
    tokens = session.tokens()
    away.clock.advance(2_000)
    return session, tokens


def test_the_token_is_on_the_request(service: Away, service_api: Api, sender: Sender) -> None:
    session, tokens = begin(service)

    status = sender.send(session, "GET", f"{service_api.url}/things")

    assert status == 200
    assert service_api.tokens == [tokens.access_token.reveal()]


def test_a_refused_token_is_renewed_and_the_request_sent_once_more_whole(
    service: Away, service_api: Api, sender: Sender
) -> None:
    session, tokens = begin(service)
    service_api.refused.add(tokens.access_token)

    status = sender.send(session, "POST", f"{service_api.url}/things", body=b"a thing")

    first, second = service_api.asked
    assert status == 200
    assert (first.token, second.token) == (tokens.access_token.reveal(), session.access_token().reveal())
    assert first.body == second.body == b"a thing"
    assert service.between.asked_for("client_credentials") == 2


def test_a_new_token_that_is_refused_too_is_not_renewed_again(service: Away, service_api: Api, sender: Sender) -> None:
    session, tokens = begin(service)
    service_api.refused.add(tokens.access_token)
    sender.send(session, "GET", service_api.url)
    service_api.refused.add(session.access_token())

    status = sender.send(session, "GET", service_api.url)

    assert status == 401
    assert service.between.asked_for("client_credentials") == 2


@pytest.mark.parametrize("challenge", ["Bearer", 'Basic realm="x"', 'Bearer error="insufficient_scope"', "é"])
def test_another_401_renews_nothing(service: Away, service_api: Api, sender: Sender, challenge: str) -> None:
    session, tokens = begin(service)
    service_api.refused.add(tokens.access_token)
    service_api.challenge = challenge

    status = sender.send(session, "GET", service_api.url)

    assert status == 401
    assert service.between.asked_for("client_credentials") == 1


def test_a_body_that_is_gone_is_not_sent_again(service: Away, service_api: Api, sender: Sender) -> None:
    session, tokens = begin(service)
    service_api.refused.add(tokens.access_token)

    status = sender.send(session, "POST", service_api.url, body=iter([b"a ", b"thing"]))

    assert status == 401
    assert [asked.body for asked in service_api.asked] == [b"a thing"]


def test_a_redirect_to_another_origin_does_not_carry_the_token(
    service: Away, service_api: Api, other_api: Api, sender: Sender
) -> None:
    session, tokens = begin(service)
    elsewhere = other_api.url.replace("127.0.0.1", "localhost")

    status = sender.send(session, "GET", f"{service_api.url}/to?url={elsewhere}/x")

    assert status == 200
    assert (service_api.tokens, other_api.tokens) == ([tokens.access_token.reveal()], [None])


def test_another_origin_that_asks_for_a_token_does_not_get_one(
    service: Away, service_api: Api, other_api: Api, sender: Sender
) -> None:
    """It may say `invalid_token` as well as our own API may."""
    session, _ = begin(service)
    other_api.refused.add(None)
    elsewhere = other_api.url.replace("127.0.0.1", "localhost")

    status = sender.send(session, "GET", f"{service_api.url}/to?url={elsewhere}/x")

    assert (status, other_api.tokens) == (401, [None])
    assert service.between.asked_for("client_credentials") == 1


def test_a_post_that_was_redirected_is_not_posted_again(service: Away, service_api: Api, sender: Sender) -> None:
    session, tokens = begin(service)

    class RefusedLater(set):  # type: ignore[type-arg]  # a set of secrets that changes its mind
        def __contains__(self, token: object) -> bool:
            return token == tokens.access_token and len(service_api.asked) == 2

    service_api.refused = RefusedLater()

    sender.send(session, "POST", f"{service_api.url}/to?url=/x", body=b"once")

    assert [asked.method for asked in service_api.asked].count("POST") == 1


def test_only_named_origins_see_the_token(service: Away, service_api: Api, other_api: Api, sender: Sender) -> None:
    session, _ = begin(service)

    status = sender.send(session, "GET", f"{service_api.url}/x", to=[service_api.url])
    with pytest.raises(WrongDestination):
        sender.send(session, "GET", f"{other_api.url}/x", to=[service_api.url])

    assert status == 200
    assert other_api.asked == []


def test_nothing_is_sent_without_encryption_beyond_this_machine(service: Away, sender: Sender) -> None:
    session, _ = begin(service)

    with pytest.raises(WrongDestination):
        sender.send(session, "GET", "http://api.example.com/things")


def test_a_request_is_never_sent_without_its_token(web: Away, service_api: Api, sender: Sender) -> None:
    nobody = web.client.session(MemoryVault(), "ada")

    with pytest.raises(SignInRequired):
        sender.send(nobody, "GET", service_api.url)

    assert service_api.asked == []


def test_eight_refused_requests_cause_one_renewal(service: Away, service_api: Api, sender: Sender) -> None:
    session, tokens = begin(service)
    service_api.refused.add(tokens.access_token)

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: sender.send(session, "GET", service_api.url), range(8)))

    assert set(statuses) == {200}
    assert service.between.asked_for("client_credentials") == 2


def test_an_async_session_has_the_same_adapters(service: Away, service_api: Api) -> None:
    session = AsyncClient(service.client).service(MemoryVault())

    auth = session.auth(to=[service_api.url])

    assert isinstance(RequestsAuth(session), RequestsAuth)
    assert type(auth) is type(begin(service)[0].auth())
