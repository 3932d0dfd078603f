"""From an Authorization header to a token or an answer; and the issuer for other people's tests."""

import json
import logging
from types import ModuleType

import pytest

import evergrant.resource
from evergrant.protocol.values import Millis
from evergrant.resource import Guard, JwtVerifier, Refused, require
from evergrant.resource.remembered import Remembered
from evergrant.testing.clock import ManualClock
from evergrant.testing.issuer import FakeIssuer
from tests.unit.resource.notes import NOTES, NOW

FOUND_AT = 'resource_metadata="https://notes.example/.well-known/oauth-protected-resource/api"'


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def issuer(clock: ManualClock) -> FakeIssuer:
    return FakeIssuer(NOTES, clock=clock)


@pytest.fixture
def guard(clock: ManualClock, issuer: FakeIssuer) -> Guard:
    return Guard(NOTES, verifier=JwtVerifier(NOTES, keys=issuer.keys(), clock=clock), clock=clock)


def refusal(guard: Guard, *authorization: str, scope: str = "notes:read") -> tuple[int, str | None, object]:
    """Status, challenge and body."""
    with pytest.raises(Refused) as caught:
        guard.admit(authorization, require(*scope.split()))
    answer = guard.refuse(caught.value)
    headers = dict(answer.headers)
    assert headers["Cache-Control"] == "no-store"
    return answer.status, headers.get("WWW-Authenticate"), json.loads(answer.body)


@pytest.mark.parametrize("shown", [[], ["Basic bm90ZXM6c2VjcmV0"], ["DPoP abc"], [""]])
def test_who_shows_no_token_is_told_of_no_error(guard: Guard, shown: list[str]) -> None:
    """RFC 6750 §3.1; what is needed and where the API is described is said."""
    assert refusal(guard, *shown) == (401, f'Bearer scope="notes:read", {FOUND_AT}', {})


def test_an_api_without_an_address_or_scopes_says_just_bearer(guard: Guard) -> None:
    answer = Refused(None).answer(None)

    assert dict(answer.headers)["WWW-Authenticate"] == "Bearer"


def test_a_bad_token_is_told_as_such_and_why_stays_in_the_log(
    guard: Guard, issuer: FakeIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    expired = issuer.mint(scope="notes:read", lifetime_s=-31)

    with caplog.at_level(logging.INFO, "evergrant.resource"):
        status, challenge, body = refusal(guard, f"Bearer {expired}")

    sentence = "The access token is invalid or expired."
    assert (status, body) == (401, {"error": "invalid_token", "error_description": sentence})
    assert challenge == f'Bearer error="invalid_token", error_description="{sentence}", {FOUND_AT}'
    assert "(expired)" in caplog.text
    assert expired not in caplog.text


@pytest.mark.parametrize("token", ["", "two words", 'with"quote', "x" * 20_000, "é"])
def test_what_can_be_no_token_is_an_invalid_one(guard: Guard, token: str) -> None:
    assert refusal(guard, f"Bearer {token}")[0] == 401


def test_two_headers_are_a_bad_request(guard: Guard, issuer: FakeIssuer) -> None:
    good = f"Bearer {issuer.mint(scope='notes:read')}"

    status, challenge, body = refusal(guard, good, good)

    assert (status, "invalid_request" in (challenge or "")) == (400, True)
    assert isinstance(body, dict)
    assert body["error"] == "invalid_request"


def test_the_name_of_the_scheme_is_read_without_case(guard: Guard, issuer: FakeIssuer) -> None:
    assert guard.admit([f"bEARER {issuer.mint()}"]).subject == "u_test"


def test_a_token_that_was_checked_is_believed_until_it_expires_and_the_leeway_is_over(
    guard: Guard, issuer: FakeIssuer, clock: ManualClock
) -> None:
    shown = f"Bearer {issuer.mint(scope='notes:read', lifetime_s=900)}"
    first = guard.admit([shown])

    clock.advance(929_999)
    assert guard.admit([shown]) is first

    clock.advance(1)
    assert refusal(guard, shown)[0] == 401


def test_a_clock_that_is_set_back_makes_a_token_of_tomorrow_again(
    guard: Guard, issuer: FakeIssuer, clock: ManualClock
) -> None:
    shown = f"Bearer {issuer.mint(scope='notes:read')}"
    guard.admit([shown])

    clock.advance(-3_600_000)

    assert refusal(guard, shown)[0] == 401


def test_what_a_token_must_have_is_asked_also_of_one_that_is_remembered(guard: Guard, issuer: FakeIssuer) -> None:
    shown = f"Bearer {issuer.mint(scope='notes:read')}"
    guard.admit([shown])

    status, challenge, _ = refusal(guard, shown, scope="notes:read notes:write")

    assert (status, 'scope="notes:read notes:write"' in (challenge or "")) == (403, True)


def test_the_memory_of_tokens_has_an_end() -> None:
    remembered: Remembered[int] = Remembered(most=3)

    for number in range(5):
        remembered.put(bytes([number]), number, NOW, Millis(NOW + 10))

    assert [remembered.get(bytes([number]), NOW) for number in range(5)] == [None, None, 2, 3, 4]


def test_the_document_is_for_everybody_also_in_a_browser(guard: Guard) -> None:
    """RFC 9728 §3.2"""
    answer = guard.metadata()

    assert (answer.status, dict(answer.headers)["Access-Control-Allow-Origin"]) == (200, "*")
    assert json.loads(answer.body)["authorization_servers"] == [NOTES.issuer]


async def test_tests_of_an_api_need_no_issuer_and_no_network() -> None:
    guard = Guard(NOTES)
    issuer = FakeIssuer(NOTES)

    with issuer.trusted_by(guard):
        header = issuer.headers(scope="notes:write", sub="u_bob", roles=["editor"])["Authorization"]
        found = await guard.admit_async([header], require("notes:read", roles=["editor"]))
        old = issuer.mint()
        issuer.rotate()

    assert (found.subject, found.client_id) == ("u_bob", "test-client")
    with issuer.trusted_by(guard), pytest.raises(Refused):
        guard.admit([f"Bearer {old}"])


def test_a_test_may_say_anything_of_its_token(guard: Guard, issuer: FakeIssuer) -> None:
    found = guard.admit([f"Bearer {issuer.mint(acr='phr', auth_time=NOW // 1000, tenant='acme')}"])

    assert (found.acr, found.auth_time, found.claims["tenant"]) == ("phr", NOW, "acme")


def test_what_the_library_offers_is_listed_and_there() -> None:
    module: ModuleType = evergrant.resource

    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert sorted(module.__all__) == list(module.__all__)
