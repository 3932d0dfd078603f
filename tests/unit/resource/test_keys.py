"""The key cache, against a real server. Nothing here waits for time: the clock is moved."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from evergrant.jose.errors import JoseReason
from evergrant.jose.keys import generate
from evergrant.jose.signing import sign
from evergrant.resource import Guard, Refused, Resource
from evergrant.resource.key_schedule import COOL_DOWN, KEPT
from evergrant.testing.clock import ManualClock
from tests.support.key_server import KeyServer, key_server
from tests.support.waiting import until
from tests.unit.resource.notes import CLAIMS, NOTES

JWKS = "/jwks"


@pytest.fixture
def issuer() -> Iterator[KeyServer]:
    with key_server() as served:
        yield served


class Api:
    """An API that trusts the issuer, in a time of its own."""

    def __init__(self, issuer: KeyServer) -> None:
        self.issuer = issuer
        self.clock = ManualClock()
        self.guard = Guard(Resource(NOTES.audience, issuer=issuer.issuer), clock=self.clock)

    def token(self, **claims: object) -> str:
        now = self.clock() // 1000
        said = CLAIMS | {"iss": self.issuer.issuer, "iat": now, "exp": now + 900} | claims
        return sign(said, self.issuer.signing, "at+jwt")

    def shown(self, token: str | None = None) -> list[str]:
        return [f"Bearer {token or self.token()}"]

    def subject(self, token: str | None = None) -> str:
        return self.guard.admit(self.shown(token)).subject

    def refusal(self, token: str | None = None) -> Refused:
        with pytest.raises(Refused) as caught:
            self.subject(token)
        return caught.value


@pytest.fixture
def api(issuer: KeyServer) -> Api:
    return Api(issuer)


def test_an_api_starts_without_its_issuer_and_asks_it_for_nothing(issuer: KeyServer) -> None:
    Guard(Resource(NOTES.audience, issuer="https://login.example.com"))
    Api(issuer)

    assert issuer.asked.total() == 0


def test_any_number_of_tokens_cost_one_look_at_each_document(api: Api) -> None:
    assert {api.subject(api.token(jti=f"t{number}")) for number in range(50)} == {"u_ada"}

    assert api.issuer.asked == {"/.well-known/openid-configuration": 1, JWKS: 1}


def test_threads_that_come_at_once_wait_for_one_fetch(api: Api) -> None:
    api.issuer.go_on.clear()
    together = Barrier(17)

    def call() -> str:
        together.wait(10)
        return api.subject()

    with ThreadPoolExecutor(16) as threads:
        calls = [threads.submit(call) for _ in range(16)]
        together.wait(10)
        until(api.issuer.asked.total, what="the issuer is asked")
        api.issuer.go_on.set()
        assert {call.result(20) for call in calls} == {"u_ada"}

    assert api.issuer.asked[JWKS] == 1


async def test_tasks_that_come_at_once_wait_for_one_fetch_and_one_that_gives_up_costs_the_others_nothing(
    api: Api,
) -> None:
    api.issuer.go_on.clear()
    tasks = [asyncio.create_task(api.guard.admit_async(api.shown())) for _ in range(50)]
    await asyncio.sleep(0)

    tasks[0].cancel()
    await asyncio.wait([tasks[0]])
    api.issuer.go_on.set()
    found = await asyncio.gather(*tasks[1:])

    assert {token.subject for token in found} == {"u_ada"}
    assert api.issuer.asked[JWKS] == 1


def test_a_new_key_is_known_at_once_with_one_fetch(api: Api) -> None:
    api.subject()
    api.issuer.rotate()

    assert api.subject() == "u_ada"
    assert api.issuer.asked[JWKS] == 2


def test_threads_that_meet_a_new_key_at_once_all_wait_for_the_one_who_looks(api: Api) -> None:
    api.subject()
    api.issuer.rotate()
    api.issuer.go_on.clear()
    together = Barrier(17)

    def call() -> str:
        token = api.token()
        together.wait(10)
        return api.subject(token)

    with ThreadPoolExecutor(16) as threads:
        calls = [threads.submit(call) for _ in range(16)]
        together.wait(10)
        until(lambda: api.issuer.asked[JWKS] == 2, what="the issuer is asked")
        api.issuer.go_on.set()
        assert {call.result(20) for call in calls} == {"u_ada"}

    assert api.issuer.asked[JWKS] == 2


def test_ten_thousand_unknown_keys_cost_one_fetch_and_another_one_half_a_minute_later(api: Api) -> None:
    """Whoever sends names of his own making cannot make the API ask the issuer each time."""
    good = api.token()
    api.subject(good)
    strangers = [generate("ES256") for _ in range(4)]
    claims = CLAIMS | {"iss": api.issuer.issuer}
    forged = [sign(claims, stranger, "at+jwt") for stranger in strangers]

    for number in range(10_000):
        assert api.refusal(forged[number % 4]).reason is JoseReason.UNKNOWN_KEY

    assert api.issuer.asked[JWKS] == 2
    assert api.subject(good) == "u_ada"
    api.clock.advance(COOL_DOWN)
    api.refusal(forged[0])
    assert api.issuer.asked[JWKS] == 3


def test_stale_keys_are_used_while_new_ones_are_fetched_behind(api: Api) -> None:
    api.subject()
    api.clock.advance(301_000)
    api.issuer.go_on.clear()

    assert api.subject() == "u_ada"

    until(lambda: api.issuer.asked[JWKS] == 2, what="the keys are fetched behind")
    api.issuer.go_on.set()


def test_keys_that_did_not_change_are_not_sent_again(api: Api) -> None:
    token = api.token(exp=api.clock() // 1000 + 9000)
    api.subject(token)
    api.clock.advance(301_000)

    api.subject(token)

    until(lambda: api.issuer.not_modified == 1, what="the issuer says that nothing changed")
    assert api.subject(token) == "u_ada"


def test_when_the_issuer_is_down_tokens_are_still_checked_for_a_day(api: Api) -> None:
    api.subject()
    api.issuer.answers = {JWKS: 503, "/.well-known/openid-configuration": 503}

    for hour in range(1, 24):
        api.clock.advance(3_600_000)
        assert api.subject() == "u_ada", hour

    api.clock.advance(KEPT)
    refused = api.refusal()
    assert refused.status == 503


def test_an_issuer_that_was_never_there_is_503_and_not_an_invalid_token(api: Api) -> None:
    """S-047: a client throws its token away on invalid_token."""
    api.issuer.answers = {"/.well-known/openid-configuration": 500, "/.well-known/oauth-authorization-server": 500}

    answer = api.guard.refuse(api.refusal())

    assert (answer.status, dict(answer.headers)["Retry-After"]) == (503, "1")
    assert b"temporarily_unavailable" in answer.body


def test_an_issuer_that_comes_back_is_asked_again_after_a_second(api: Api) -> None:
    api.issuer.answers = {JWKS: 500}
    api.refusal()
    api.issuer.answers = {}

    assert api.refusal().status == 503
    api.clock.advance(1000)
    assert api.subject() == "u_ada"


def test_keys_of_an_issuer_that_has_none_left_are_not_forgotten_for_that(api: Api) -> None:
    """An empty set, as a broken deployment publishes it, is no key set."""
    api.subject()
    api.issuer.published = []
    api.clock.advance(301_000)

    assert api.subject() == "u_ada"


def test_a_key_that_is_withdrawn_opens_nothing_any_more(api: Api) -> None:
    """Also what was verified with it before is looked at again."""
    token = api.token(exp=api.clock() // 1000 + 9000)
    api.subject(token)
    api.issuer.signing = generate("ES256")
    api.issuer.published = [api.issuer.signing.public()]

    assert api.subject(api.token()) == "u_ada"

    assert api.refusal(token).reason is JoseReason.UNKNOWN_KEY


def test_s088_keys_are_not_followed_to_where_a_redirect_points(api: Api) -> None:
    api.issuer.answers = {JWKS: 302}

    assert api.refusal().status == 503
    assert api.issuer.asked["/elsewhere"] == 0


def test_a_document_about_another_issuer_is_not_believed(issuer: KeyServer) -> None:
    other = Resource(NOTES.audience, issuer=f"http://localhost:{issuer.port}")

    with pytest.raises(Refused) as caught:
        Guard(other).admit([f"Bearer {sign(CLAIMS, issuer.signing, 'at+jwt')}"])

    assert (caught.value.status, issuer.asked[JWKS]) == (503, 0)
