"""Asking the issuer. RFC 7662 §2.2, §4."""

import asyncio
from base64 import b64encode
from collections.abc import Iterator

import pytest

from evergrant.jose.signing import sign
from evergrant.protocol.secret import Secret
from evergrant.resource import (
    ApiClient,
    ByShape,
    Guard,
    IntrospectionVerifier,
    JwtVerifier,
    Profile,
    Refused,
    Resource,
    require,
)
from evergrant.testing.clock import START, ManualClock
from tests.support.key_server import KeyServer, key_server
from tests.unit.resource.notes import CLAIMS, NOTES

ASK = "/introspect"
NOW_S = START // 1000
GOOD: dict[str, object] = {
    "active": True,
    "sub": "u_ada",
    "client_id": "notes-web",
    "aud": NOTES.audience,
    "scope": "notes:write",
    "roles": ["editor"],
    "exp": NOW_S + 900,
    "iat": NOW_S,
    "token_type": "Bearer",
}


@pytest.fixture
def issuer() -> Iterator[KeyServer]:
    with key_server() as served:
        served.introspected["opaque"] = GOOD | {"iss": served.issuer}
        yield served


class Api:
    def __init__(self, issuer: KeyServer, *, profile: Profile = Profile.RFC9068, remember_ms: int = 60_000) -> None:
        self.clock = ManualClock()
        self.resource = Resource(NOTES.audience, issuer=issuer.issuer, implies=NOTES.implies, profile=profile)
        self.client = ApiClient("notes api", Secret("s3cret:%"))
        self.asking = IntrospectionVerifier(self.resource, self.client, remember_ms=remember_ms, clock=self.clock)
        self.guard = Guard(self.resource, verifier=self.asking, clock=self.clock)

    def subject(self, token: str = "opaque") -> str:
        return self.guard.admit([f"Bearer {token}"], require("notes:read")).subject

    def refusal(self, token: str = "opaque") -> Refused:
        with pytest.raises(Refused) as caught:
            self.subject(token)
        return caught.value


@pytest.fixture
def api(issuer: KeyServer) -> Api:
    return Api(issuer)


def test_the_issuer_is_asked_as_the_apis_own_client(api: Api, issuer: KeyServer) -> None:
    """Both halves are form-encoded first: RFC 6749 §2.3.1."""
    assert api.subject() == "u_ada"

    assert issuer.authorization == ["Basic " + b64encode(b"notes+api:s3cret%3A%25").decode()]
    assert "s3cret" not in repr(api.client)


def test_what_was_said_of_a_token_is_believed_for_a_minute(api: Api, issuer: KeyServer) -> None:
    for _ in range(5):
        api.subject()
    assert issuer.asked[ASK] == 1

    issuer.introspected.clear()
    api.clock.advance(59_999)
    assert api.subject() == "u_ada"
    api.clock.advance(1)
    assert api.refusal().status == 401


def test_a_token_that_ends_sooner_is_not_believed_longer(api: Api, issuer: KeyServer) -> None:
    issuer.introspected["opaque"] = GOOD | {"exp": NOW_S + 10}
    api.subject()

    api.clock.advance(10_000)
    api.subject()

    assert issuer.asked[ASK] == 2  # within the leeway it is asked about each time


def test_a_token_that_is_not_good_is_not_asked_about_again_for_five_seconds(api: Api, issuer: KeyServer) -> None:
    for _ in range(5):
        assert api.refusal("stranger").status == 401
    assert issuer.asked[ASK] == 1

    api.clock.advance(5000)
    api.refusal("stranger")
    assert issuer.asked[ASK] == 2


def test_an_api_may_ask_every_time(issuer: KeyServer) -> None:
    api = Api(issuer, remember_ms=0)

    assert [api.subject(), api.subject()] == ["u_ada", "u_ada"]
    issuer.introspected.clear()

    assert api.refusal().status == 401
    assert issuer.asked[ASK] == 3


def test_what_a_token_must_have_besides_is_asked_of_nobody(issuer: KeyServer) -> None:
    """REST framework asks who it is first, and later what it may do."""
    api = Api(issuer, remember_ms=0)
    token = api.guard.admit(["Bearer opaque"])

    api.guard.demand(token, require("notes:write"))
    with pytest.raises(Refused) as refused:
        api.guard.demand(token, require("notes:delete"))

    assert (refused.value.status, issuer.asked[ASK]) == (403, 1)


async def test_tasks_that_show_one_token_at_once_cost_one_request(api: Api, issuer: KeyServer) -> None:
    issuer.go_on.clear()
    tasks = [asyncio.create_task(api.guard.admit_async(["Bearer opaque"])) for _ in range(50)]
    await asyncio.sleep(0)

    issuer.go_on.set()
    found = await asyncio.gather(*tasks)

    assert ({token.subject for token in found}, issuer.asked[ASK]) == ({"u_ada"}, 1)


@pytest.mark.parametrize(
    "said",
    [
        {"active": False},
        {"active": "true"},
        {"active": None},
        {"iss": "https://evil.example"},
        {"aud": "https://other.example"},
        {"aud": None},
        {"exp": NOW_S - 31},
        {"exp": None},
        {"exp": "soon"},
        {"sub": None},
        {"client_id": None},
        {"token_type": "refresh_token"},
        {"token_type": "DPoP"},
        {"cnf": {"jkt": "x"}},
    ],
)
def test_an_answer_that_does_not_say_everything_opens_nothing(
    api: Api, issuer: KeyServer, said: dict[str, object]
) -> None:
    """R-009: active alone is not enough."""
    issuer.introspected["opaque"] = GOOD | said

    assert api.refusal().status == 401


def test_a_foreign_issuer_may_leave_the_audience_out(issuer: KeyServer) -> None:
    issuer.introspected["opaque"] = {name: value for name, value in GOOD.items() if name not in ("aud", "iat")}

    assert Api(issuer, profile=Profile.FOREIGN).subject() == "u_ada"
    assert Api(issuer).refusal().status == 401


def test_an_answer_that_names_neither_audience_nor_type_may_be_about_a_refresh_token(issuer: KeyServer) -> None:
    issuer.introspected["opaque"] = {name: value for name, value in GOOD.items() if name not in ("aud", "token_type")}

    assert [Api(issuer, profile=profile).refusal().status for profile in Profile] == [401, 401]


@pytest.mark.parametrize("status", [401, 429, 500, 503, 302])
def test_s047_an_issuer_that_cannot_be_asked_is_503_and_forgotten_at_once(
    api: Api, issuer: KeyServer, status: int
) -> None:
    issuer.answers = {ASK: status}
    assert api.refusal().status == 503

    issuer.answers = {}

    assert api.subject() == "u_ada"


def test_an_issuer_without_introspection_is_503(api: Api, issuer: KeyServer) -> None:
    issuer.answers = {"/.well-known/openid-configuration": 404}

    assert api.refusal().status == 503


def test_the_shape_of_a_token_says_how_it_is_checked(api: Api, issuer: KeyServer) -> None:
    both = ByShape(JwtVerifier(api.resource, clock=api.clock), api.asking)
    guard = Guard(api.resource, verifier=both, clock=api.clock)
    claims = CLAIMS | {"iss": issuer.issuer, "sub": "u_bob"}
    signed = sign(claims, issuer.signing, "at+jwt")

    assert guard.admit([f"Bearer {signed}"]).subject == "u_bob"
    assert guard.admit([f"Bearer {signed}"]).subject == "u_bob"
    assert issuer.asked[ASK] == 0
    assert guard.admit(["Bearer opaque"]).subject == "u_ada"
    assert issuer.asked[ASK] == 1
