"""A few thousand requests that no honest client sends. The long form: `python -m tests.torture.hostile`."""

import pytest

from evergrant.core import authorization_request
from evergrant.protocol.forms import NAMED
from evergrant.server.http.routes import OF_A_REALM, OF_THE_SERVER
from tests.faults.line import Program
from tests.support.server import Server
from tests.torture.hostile.campaign import Campaign
from tests.torture.hostile.cast import Cast
from tests.torture.hostile.oracles import complaints
from tests.torture.hostile.registry import errors, parameters, targets
from tests.torture.hostile.shots import Shot
from tests.torture.hostile.wire import Answer, Malformed, read

SEED = 20_261
REQUESTS = 2_000


def test_nothing_comes_of_malformed_requests(server: Server) -> None:
    """R-023, R-024, R-030, R-033, R-038, R-060, S-012: no 5xx, nothing sent back, no secret told, no row changed."""
    campaign = Campaign(server, SEED)

    campaign.fire_every_framing()
    figures = campaign.fire(REQUESTS)
    campaign.close()

    assert figures.violations == [], (SEED, figures.violations[:3])
    assert {name for name in figures.doors if name != "none"} == {target.name for target in targets()}
    assert figures.hung_up == 0
    assert figures.rss_after - figures.rss_before < 64 * 2**20
    assert server.status_of("/readyz") == 200


def test_every_door_and_every_parameter_is_attacked_without_being_listed() -> None:
    names = {door.name for _, door in (*OF_A_REALM, *OF_THE_SERVER)}

    assert {target.name for target in targets()} == names
    assert {*NAMED, *authorization_request.PARAMETERS, "interaction", "decision", "logout", "gid"} <= set(parameters())
    assert {("invalid_grant", 400), ("invalid_request", 421), ("temporarily_unavailable", 429)} <= errors()


JSON = {"content-type": "application/json", "x-content-type-options": "nosniff", "x-correlation-id": "a1"}
HTML = {"content-type": "text/html; charset=utf-8", "content-security-policy": "x", "x-correlation-id": "a1"}
SENT = {"x-correlation-id": "a1"}
REFUSED = b'{"error":"invalid_request","error_description":"x","correlation_id":"a1"}'


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, JSON, b'{"error":"server_error","error_description":"x","correlation_id":"a1"}'),
        Answer(503, JSON, REFUSED),
        Answer(400, JSON, b'{"error":"invalid","error_description":"x","correlation_id":"a1"}'),
        Answer(401, JSON, REFUSED),
        Answer(400, JSON, REFUSED.replace(b"a1", b"b2")),
        Answer(400, JSON, REFUSED.replace(b'x"', b'h0stile"')),
        Answer(400, JSON, REFUSED.replace(b"{", b'{"trace":1,')),
        Answer(400, JSON, b"{"),
        Answer(400, {**JSON, "x-content-type-options": ""}, REFUSED),
        Answer(400, {**JSON, "content-type": "text/xml"}, REFUSED),
        Answer(400, {"content-type": "application/json"}, REFUSED),
        Answer(400, {**JSON, "x-injected": "1"}, REFUSED),
        Answer(400, {**JSON, "www-authenticate": "Basic h0stile"}, REFUSED),
        Answer(200, HTML, b"<p>h0stile<q</p>"),
        Answer(200, HTML, b'<input value="h0stile"q">'),
        Answer(200, HTML, b"Traceback (most recent call last)"),
        Answer(200, {"content-type": "text/html", "x-correlation-id": "a1"}, b"<p>"),
        Answer(200, JSON, b'{"access_token":"x"}', seconds=30.0),
        Answer(200, JSON, b'{"sub":"somebody"}'),
        Answer(303, {**SENT, "location": "http://evil.example/callback"}, b""),
        Answer(303, {**SENT, "location": "//evil.example/"}, b""),
        Answer(303, {**SENT, "location": "http://user@127.0.0.1/callback?code=x"}, b""),
        Answer(303, {**SENT, "location": "http://127.0.0.1/callback/../evil?code=x"}, b""),
        Answer(303, {**SENT, "location": "javascript:alert(1)"}, b""),
    ],
)
def test_the_judge_finds_what_is_wrong_with_an_answer(answer: Answer, cast: Cast) -> None:
    wrong = list(complaints(Shot(b"", "", door="userinfo", forged=True), answer, cast))

    assert wrong != []


@pytest.mark.parametrize(
    "answer",
    [
        Answer(400, JSON, REFUSED),
        Answer(401, JSON, b"{}"),
        Answer(200, HTML, b"<p>h0stile&lt;q</p>"),
        Answer(303, {**SENT, "location": "/authorize?interaction=x"}, b""),
        Answer(303, {**SENT, "location": "http://127.0.0.1:4321/callback?code=x&state=h0stile%3Cq"}, b""),
        Answer(400, {}, b"Invalid HTTP request received."),
    ],
)
def test_the_judge_has_nothing_against_an_answer_as_it_should_be(answer: Answer, cast: Cast) -> None:
    wrong = list(complaints(Shot(b"", "", door="authorize"), answer, cast))

    assert wrong == []


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 200 OK\r\nX: a\nb\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: \xff\r\n\r\n",
        b"HTTP/1.1 999 OK\r\n\r\n",
        b"200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc",
    ],
)
def test_an_answer_that_is_none_is_told_from_one(octets: bytes) -> None:
    with pytest.raises(Malformed):
        read(octets)


@pytest.fixture
def cast() -> Cast:
    """Nobody but the addresses."""
    nobody = Program("x", "y")
    return Cast(
        url="http://localhost:1",
        port=1,
        web="demo-web",
        redirects=("http://127.0.0.1/callback",),
        after_logout=("http://localhost:1/",),
        legacy=nobody,
        service=nobody,
        username="ada",
        password="x",
        refresh_tokens=["x"],
        browsers=["x"],
        access_token="x",
        id_token="x",
        interaction="x",
        public_jwks={},
    )
