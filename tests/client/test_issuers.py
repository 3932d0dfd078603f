"""Issuers of every kind, honest and not: what is asked of them, and what is believed."""

import threading
from collections.abc import Iterator
from itertools import count

import httpx2
import pytest

from evergrant.client import Issuer, IssuerUnavailable, ProtocolError, RefreshUnavailable, Refused, TokenSet
from evergrant.client.exchange import Request
from evergrant.client.key_ring import COOL_DOWN, FRESH, KeyRing
from evergrant.client.transport import LARGEST_ANSWER, AnswerLost, NotReached, Transport
from evergrant.jose import jwks
from evergrant.jose.keys import SigningKey, generate
from evergrant.jose.signing import sign
from evergrant.protocol.provider import Provider, read_metadata
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis
from evergrant.testing.clock import START, ManualClock
from tests.client.scripted import Scripted, scripted
from tests.support.ports import free_port

OIDC = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"
OLD, NEW = generate("ES256"), generate("ES256")


@pytest.fixture
def script() -> Iterator[Scripted]:
    with scripted() as listening:
        yield listening


def document(script: Scripted) -> dict[str, object]:
    return {"issuer": script.url, "token_endpoint": f"{script.url}/token", "jwks_uri": f"{script.url}/jwks"}


def transport() -> Transport:
    return Transport(None, ManualClock(), lambda: 0.0)


def id_token(key: SigningKey) -> Secret:
    return Secret(sign({"sub": "ada"}, key, "JWT"))


def test_an_oauth_server_that_is_no_openid_provider_has_a_document_too(script: Scripted) -> None:
    """RFC 8414 §3: without keys, and without a page to sign in at."""
    script.json(OAUTH, {"issuer": script.url, "token_endpoint": f"{script.url}/token"})
    script.json("/token", {"access_token": "at", "token_type": "bearer", "expires_in": "3600"})

    tokens = Issuer.discover(script.url).client("app", "secret").client_credentials()

    assert (tokens.issuer, tokens.refresh_token) == (script.url, None)
    assert tokens.expires_at == tokens.obtained_at + 3_600_000


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"issuer": 7}'])
def test_what_is_no_document_is_none(script: Scripted, body: bytes) -> None:
    script.answers[OIDC] = (200, {}, body)

    with pytest.raises(ProtocolError):
        Issuer.discover(script.url)


def test_an_issuer_in_trouble_is_unavailable(script: Scripted) -> None:
    script.json(OIDC, {}, 503)

    with pytest.raises(IssuerUnavailable):
        Issuer.discover(script.url)


def test_a_secret_is_not_sent_to_an_endpoint_without_encryption(script: Scripted) -> None:
    script.json(OIDC, {**document(script), "token_endpoint": "http://login.example.com/token"})
    client = Issuer.discover(script.url).client("app", "secret")

    with pytest.raises(ProtocolError, match="not encrypted"):
        client.client_credentials()


def test_a_token_endpoint_does_not_redirect_a_secret_elsewhere(script: Scripted) -> None:
    script.json(OIDC, document(script))
    script.answers["/token"] = (307, {"Location": f"{script.url}/thief"}, b"")
    client = Issuer.discover(script.url).client("app", "secret")

    with pytest.raises(ProtocolError):
        client.client_credentials()

    assert script.times("/thief") == 0


def test_a_cookie_of_one_answer_is_not_sent_with_the_next_request(script: Scripted) -> None:
    script.answers["/x"] = (200, {"Set-Cookie": "session=1"}, b"{}")
    to = transport()

    for _ in range(2):
        to.send(Request("GET", f"{script.url}/x"))

    assert [headers.get("Cookie") for _, _, headers in script.asked] == [None, None]


def test_an_answer_without_end_is_not_read_to_it(script: Scripted) -> None:
    script.answers["/x"] = (200, {}, b" " * (LARGEST_ANSWER + 1))

    with pytest.raises(ProtocolError, match="256 KB"):
        transport().send(Request("GET", f"{script.url}/x"))


def test_an_answer_that_comes_byte_by_byte_is_lost_at_some_time(script: Scripted) -> None:
    script.answers["/x"] = (200, {}, b" " * 200_000)
    seconds = count()
    slow = Transport(None, ManualClock(), lambda: next(seconds) * 10.0)

    with pytest.raises(AnswerLost, match="15 s"):
        slow.send(Request("GET", f"{script.url}/x"))


def test_nobody_there_and_no_answer_are_two_things(script: Scripted) -> None:
    script.answers["/x"] = (200, {"Content-Length": "10"}, b"half")

    with pytest.raises(NotReached):
        transport().send(Request("GET", f"http://127.0.0.1:{free_port()}/x"))
    with pytest.raises(AnswerLost):
        transport().send(Request("GET", f"{script.url}/x"))


def test_an_http_client_of_ones_own_is_used_without_its_redirects(script: Scripted) -> None:
    script.json(OIDC, document(script))
    script.answers["/token"] = (307, {"Location": f"{script.url}/thief"}, b"")
    hosts: list[str] = []

    def note(request: httpx2.Request) -> None:
        hosts.append(request.url.host)

    with httpx2.Client(follow_redirects=True, event_hooks={"request": [note]}) as http:
        client = Issuer.discover(script.url, http=http).client("app", "secret")
        with pytest.raises(ProtocolError):
            client.client_credentials()

    assert hosts == ["127.0.0.1", "127.0.0.1"]
    assert script.times("/thief") == 0


@pytest.mark.parametrize("methods", [["client_secret_post"], ["client_secret_basic"], None])
def test_a_client_authenticates_as_the_issuer_offers(script: Scripted, methods: list[str] | None) -> None:
    """RFC 8414 §2: without the member, Basic is what there is."""
    offered = {} if methods is None else {"token_endpoint_auth_methods_supported": methods}
    script.json(OIDC, {**document(script), **offered})
    script.json("/token", {"error": "invalid_client"}, 401)
    client = Issuer.discover(script.url).client("app", "secret")

    with pytest.raises(Refused):
        client.client_credentials()

    assert ("Authorization" in script.asked[-1][2]) == (methods != ["client_secret_post"])


class Ring:
    """A key ring whose issuer has published `key`."""

    def __init__(self, script: Scripted, key: SigningKey) -> None:
        self.clock = ManualClock()
        self.script = script
        self.publish(key)
        provider: Provider = read_metadata(script.url, document(script))
        self.keys = KeyRing(provider, Transport(None, self.clock, lambda: 0.0))

    def publish(self, *keys: SigningKey) -> None:
        self.script.json("/jwks", jwks.publish(key.public() for key in keys))


def test_keys_are_fetched_once_while_they_are_fresh(script: Scripted) -> None:
    ring = Ring(script, OLD)

    for _ in range(3):
        assert OLD.kid in ring.keys.find(id_token(OLD))
    ring.clock.advance(FRESH + 1)
    ring.keys.find(id_token(OLD))

    assert script.times("/jwks") == 2


def test_a_key_that_is_not_there_is_looked_for_once_in_half_a_minute(script: Scripted) -> None:
    """Tokens with made-up key names must not become requests to the issuer."""
    ring = Ring(script, OLD)
    ring.keys.find(id_token(OLD))
    ring.clock.advance(COOL_DOWN + 1)

    for _ in range(5):
        assert NEW.kid not in ring.keys.find(id_token(NEW))

    assert script.times("/jwks") == 2


def test_a_new_key_is_found(script: Scripted) -> None:
    ring = Ring(script, OLD)
    ring.keys.find(id_token(OLD))
    ring.publish(OLD, NEW)
    ring.clock.advance(COOL_DOWN + 1)

    assert NEW.kid in ring.keys.find(id_token(NEW))


def test_an_issuer_that_is_down_takes_no_known_key_away(script: Scripted) -> None:
    ring = Ring(script, OLD)
    ring.keys.find(id_token(OLD))
    script.json("/jwks", {}, 503)
    ring.clock.advance(FRESH + 1)

    assert OLD.kid in ring.keys.find(id_token(OLD))
    with pytest.raises(IssuerUnavailable):
        ring.keys.find(id_token(NEW))


@pytest.mark.parametrize("body", [b"[]", b'{"keys": 7}', b"<html>"])
def test_what_are_no_keys_are_none(script: Scripted, body: bytes) -> None:
    ring = Ring(script, OLD)
    script.answers["/jwks"] = (200, {}, body)

    with pytest.raises(ProtocolError):
        ring.keys.find(id_token(OLD))


@pytest.mark.parametrize("token", ["", "x", "é.é.é", "e30.e30.e30"])
def test_what_is_no_id_token_names_no_key(script: Scripted, token: str) -> None:
    assert OLD.kid in Ring(script, OLD).keys.find(Secret(token))


def test_a_refresh_goes_on_without_keys_and_keeps_the_id_token_it_could_check(script: Scripted) -> None:
    """The old tokens are spent: keys that cannot be had now are no reason to lose the new ones."""
    script.json(OIDC, document(script))
    said = {"access_token": "at-2", "token_type": "Bearer", "refresh_token": "rt-2", "id_token": id_token(NEW).reveal()}
    script.json("/token", said)
    script.json("/jwks", {}, 503)
    held = TokenSet(
        issuer=script.url,
        client_id="app",
        access_token=Secret("at-1"),
        token_type="Bearer",
        obtained_at=START,
        refresh_token=Secret("rt-1"),
        id_token=Secret("checked"),
    )

    renewed = Issuer.discover(script.url, clock=ManualClock(Millis(START + 5_000))).client("app").refresh(held)

    assert (renewed.refresh_token, renewed.id_token) == (Secret("rt-2"), Secret("checked"))


def test_no_refresh_waits_without_end_for_an_issuer_that_says_nothing(script: Scripted) -> None:
    """As `test_nobody_there_and_no_answer_are_two_things`, with the time that a person's patience has."""
    script.json(OIDC, document(script))
    issuer = Issuer.discover(script.url, http=httpx2.Client(transport=Silent()))

    with pytest.raises(RefreshUnavailable, match="did not answer"):
        issuer.client("app").refresh(
            TokenSet(
                issuer=script.url,
                client_id="app",
                access_token=Secret("at"),
                token_type="Bearer",
                obtained_at=START,
                refresh_token=Secret("rt"),
            )
        )


class Silent(httpx2.HTTPTransport):
    """A network on which the token endpoint never answers, and which says so without waiting for it."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path != "/token":
            return super().handle_request(request)
        timeout = request.extensions["timeout"]
        assert (timeout["connect"], timeout["read"]) == (5.0, 10.0)
        raise httpx2.ReadTimeout("", request=request)


def test_the_library_starts_no_thread_before_it_is_asked_for_tokens() -> None:
    before = threading.active_count()

    transport()

    assert threading.active_count() == before
