"""Headers with garbage in them, and what parameters try to put into ours. R-024, R-036, R-060, S-012."""

import select
import socket
from base64 import b64encode

import pytest

from evergrant.cli.serving import bounded_requests
from tests.protocol import wire
from tests.protocol.program import Program, basic, verifier
from tests.protocol.registry import User
from tests.protocol.served import Served

FORM = b"Content-Type: application/x-www-form-urlencoded"
CREDENTIALS = b"grant_type=client_credentials&token=x"
GARBAGE = [
    b"Basic",
    b"Basic ",
    b"Basic !!!",
    b"Basic " + b64encode(b"no colon"),
    b"Basic " + b64encode(b":"),
    b"Basic " + b64encode(b":secret"),
    b"Basic " + b64encode("\u00e9:\u00e9".encode()),
    b"Basic " + b64encode(b"a:b\x00c"),
    b"Basic " + b64encode(b"a%zz:b"),
    b"Basic " + b64encode(b"a%0d%0aX-Injected: 1:b"),
    b"Basic " + b64encode(b"x" * 10_000 + b":y"),
    b"Basic " + b64encode(b"a:b") + b", Basic " + b64encode(b"c:d"),
    b"Basic\t" + b64encode(b"a:b"),
    b"Bearer",
    b"Bearer ",
    b"Bearer x y",
    b"Bearer \xff\xfe",
    b"Bearer " + b"x" * 20_000,
    b"Bearer =",
    b"DPoP x",
    b"Digest username=x",
    b"Negotiate abc",
    b"\xff",
    b"basic:basic",
    b",,,",
]


@pytest.mark.parametrize("value", GARBAGE, ids=range(len(GARBAGE)))
def test_a_garbled_authorization_header_is_a_failed_authentication(served: Served, value: bytes) -> None:
    """RFC 9110 §11.6.2; R-024: never a 500."""
    before = served.registry.rows()
    for path in ("/token", "/revoke", "/introspect"):
        request = wire.post(served, path, b"Authorization: " + value, FORM, b"Content-Length: 37", body=CREDENTIALS)
        answer = wire.send(served, request)
        assert (answer.status, '"error":"invalid_client"' in answer.text) == (401, True), answer.text
        assert "www-authenticate: basic" in answer.text.lower()
        assert "x-injected" not in answer.text.lower()
    asked = f"GET /userinfo HTTP/1.1\r\nHost: localhost:{served.port}\r\nAuthorization: ".encode()
    assert wire.send(served, asked + value + b"\r\n\r\n").status == 401
    assert served.registry.rows() == before


def test_two_authorization_headers_prove_nothing(served: Served, web: Program) -> None:
    """Two programs could read two different ones."""
    right = b"Authorization: " + basic(web.client.id, web.client.secret or "").encode()
    for other in (b"Authorization: Basic eDp5", b"Authorization: Bearer x"):
        for lines in ((right, other), (other, right)):
            request = wire.post(
                served,
                "/token",
                *lines,
                FORM,
                b"Content-Length: 29",
                b"Connection: close",
                body=b"grant_type=client_credentials",
            )
            assert wire.send(served, request).status in {400, 401}


@pytest.mark.parametrize(
    "lines",
    [
        [b"Content-Length: abc"],
        [b"Content-Length: -1"],
        [b"Content-Length: +29"],
        [b"Content-Length: 0x1d"],
        [b"Content-Length: 29, 30"],
        [b"Content-Length: 29", b"Content-Length: 30"],
        [b"Content-Length: 29", b"Transfer-Encoding: chunked"],
        [b"Transfer-Encoding: chunked, identity"],
        [b"Transfer-Encoding: xchunked"],
        [b"Content-Length : 29"],
        [b"Content-Length:\x0029"],
        [b"Content-Length: " + b"9" * 40],
        [b" folded: x", b"Content-Length: 29"],
        [b"X-Bad\x00Name: x", b"Content-Length: 29"],
    ],
)
def test_a_length_that_can_be_read_two_ways_is_refused(served: Served, web: Program, lines: list[bytes]) -> None:
    """RFC 9112 §6.1, §6.3; R-060: request smuggling."""
    proof = b"Authorization: " + basic(web.client.id, web.client.secret or "").encode()
    request = wire.post(
        served, "/token", proof, FORM, *lines, b"Connection: close", body=b"grant_type=client_credentials"
    )

    answer = wire.send(served, request)

    assert answer.status in {0, 400, 413}, answer.text
    assert "access_token" not in answer.text
    assert "Traceback" not in answer.text


COOKIES = [
    b"eg_session",
    b"eg_session=",
    b"eg_session=;eg_browser=;eg_known=",
    b"eg_session=\xff\xfe; eg_browser=\xff",
    b"eg_session=a; eg_session=b",
    b'eg_session="quoted; eg_browser=\\"; x',
    b"eg_session=" + b"x" * 5_000,
    b"eg_known=AAAA; eg_browser=%00%0d%0a",
    b"=;=;=;;;",
    b"eg_known=" + b"A" * 70,
    b"__Host-eg_session=x; $Version=1",
]


@pytest.mark.parametrize("value", COOKIES, ids=range(len(COOKIES)))
def test_garbled_cookies_are_nobodys(served: Served, web: Program, value: bytes) -> None:
    """R-036: an unreadable cookie is no cookie; the person is asked to sign in."""
    answer = served.http.get(web.authorization_url(verifier()), headers={b"cookie": value})

    assert answer.status_code == 200
    assert 'id="sign-in"' in answer.text
    assert served.http.get("/logout", headers={b"cookie": value}).status_code in {200, 303}


INJECTED = [
    "x\r\nX-Injected: 1",
    "x\nX-Injected: 1",
    "x\rX-Injected: 1",
    "x\u2028X-Injected: 1",
    "x%0d%0aX-Injected: 1",
]


@pytest.mark.parametrize("text", INJECTED)
def test_no_parameter_becomes_a_header(served: Served, web: Program, user: User, text: str) -> None:
    """RFC 9110 §5.5; S-012: at every door, by every parameter that could be in an answer."""
    before = served.registry.rows()
    names = (
        "state",
        "redirect_uri",
        "client_id",
        "scope",
        "login_hint",
        "nonce",
        "response_type",
        "prompt",
        "resource",
    )
    answers = [served.http.get(web.authorization_url(verifier(), **{name: text})) for name in names]
    for path in ("/token", "/revoke", "/introspect"):
        for name in ("grant_type", "scope", "token", "resource", "redirect_uri"):
            answers.append(web.post(path, {"grant_type": "client_credentials", "token": "x", name: text}))
    answers.append(served.http.get("/logout", params={"post_logout_redirect_uri": text, "state": text}))
    answers.append(served.http.post("/token", data={"client_id": text, "client_secret": text}))

    for answer in answers:
        assert answer.status_code < 500
        assert "x-injected" not in answer.headers
    assert served.registry.rows() == before


def test_a_state_with_line_breaks_comes_back_as_it_was_sent(served: Served, web: Program, user: User) -> None:
    """RFC 6749 §4.1.2, S-019: encoded in the redirect, so that it is one parameter and no header."""
    state = 'a\r\nX-Injected: 1&code=evil#"<'

    assert web.ask(user, state=state).landing.parameters["state"] == state


@pytest.mark.parametrize("path", ["/realms/%0d%0aX-Injected:%201/token", "/%0d%0aX-Injected:%201", "/static/%0d%0ax"])
def test_no_path_becomes_a_header(served: Served, path: str) -> None:
    answer = served.http.get(path)

    assert answer.status_code == 404
    assert "x-injected" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/../../app/settings.py",
        "/static/%2e%2e/%2e%2e/app/settings.py",
        "/static//etc/passwd",
        "/realms/..%2f/token",
    ],
)
def test_no_path_leads_out_of_the_server(served: Served, path: str) -> None:
    """R-037, R-039: also when dots and slashes are encoded."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost:{served.port}\r\nConnection: close\r\n\r\n".encode()

    assert wire.send(served, request).status == 404


@pytest.mark.parametrize("end", [b"", b": x\r\n"], ids=["one endless line", "lines without end"])
def test_a_head_without_end_is_cut_off(served: Served, end: bytes) -> None:
    """RFC 6585 §5: memory is bounded before anybody is known."""
    head = b"GET /healthz HTTP/1.1\r\nX" + (b"x" * 1000 + end) * 600

    assert wire.send(served, head).status in {0, 431}
    assert served.http.get("/healthz").status_code == 200


@pytest.mark.parametrize("begun", [b"", b"GET /healthz HTT", b"GET /healthz HTTP/1.1\r\nHost: x\r\n"])
def test_a_head_that_does_not_arrive_is_not_waited_for(
    served: Served, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    """A silent connection does not keep its socket."""
    monkeypatch.setattr(bounded_requests, "SECONDS", 0.2)

    assert wire.send(served, begun).status == (431 if begun else 0)


def test_a_connection_may_rest_between_two_requests(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9112 §9.3: the patience is with a head that has begun."""
    monkeypatch.setattr(bounded_requests, "SECONDS", 0.05)
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        for _ in range(2):
            connection.sendall(request)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            assert select.select([connection], [], [], 0.2)[0] == []


def test_a_user_agent_is_remembered_in_part_and_without_control_characters(
    served: Served, web: Program, user: User
) -> None:
    """It is shown to operators on terminals."""
    token = web.sign_in(user)["refresh_token"]
    agent = b"\x1b[31mred \xff" + b"x" * 1000
    form: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": token}
    sent = {name: value for name, value in form.items() if value}
    served.http.post(
        "/token",
        data=sent,
        headers={b"authorization": basic(web.client.id, web.client.secret or "").encode(), b"user-agent": agent},
    )

    (grant,) = served.registry.grants_of(web.client)
    assert len(grant.seen.user_agent) <= 256
    assert grant.seen.user_agent.isprintable()
