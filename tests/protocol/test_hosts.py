"""Which names a server answers to. RFC 9110 §7.2, §15.5.20; R-035."""

from pathlib import Path

import pytest

from tests.protocol import wire
from tests.protocol.served import Served, body, error
from tests.protocol.served import served as serving

PATHS = ("/token", "/authorize", "/.well-known/openid-configuration", "/jwks", "/", "/nothing", "/static/evergrant.css")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["evil.example", "localhost", "localhost:1", "localhost.evil.example", "x@localhost"])
def test_an_unknown_host_is_misdirected(served: Served, path: str, host: str) -> None:
    answer = served.http.get(path, headers={"Host": host})

    assert error(answer) == (421, "invalid_request")
    assert body(answer)["correlation_id"] == answer.headers["x-correlation-id"]
    assert "evil" not in answer.text


def test_host_names_are_compared_without_case(served: Served) -> None:
    """RFC 9110 §4.2.3."""
    assert served.http.get("/jwks", headers={"Host": f"LocalHost:{served.port}"}).status_code == 200


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "Forwarded", "X-Original-Host"])
def test_no_other_header_stands_in_for_the_host(served: Served, name: str) -> None:
    """S-016."""
    answer = served.http.get("/jwks", headers={"Host": "evil.example", name: f"host=localhost:{served.port}"})

    assert answer.status_code == 421


def test_configured_names_are_answered_too(tmp_path: Path) -> None:
    with serving(tmp_path, allowed_hosts=["login.example"]) as server:
        assert server.http.get("/jwks", headers={"Host": "login.example"}).status_code == 200
        assert server.http.get("/jwks", headers={"Host": "login.example:8443"}).status_code == 421


@pytest.mark.parametrize(
    "lines",
    [
        [b"GET /jwks HTTP/1.0"],
        [b"GET /jwks HTTP/1.1", b"Host:"],
        [b"GET /jwks HTTP/1.1", b"Host: localhost:%d", b"Host: evil.example"],
        [b"GET /jwks HTTP/1.1", b"Host: evil.example", b"Host: localhost:%d"],
        [b"GET http://evil.example/jwks HTTP/1.1", b"Host: evil.example"],
        [b"GET /jwks HTTP/1.1", b"Host: localhost:%d\x00.evil.example"],
        [b"GET /jwks HTTP/1.1", b"Host: \xff\xfe"],
    ],
)
def test_a_missing_second_or_unreadable_host_is_refused(served: Served, lines: list[bytes]) -> None:
    """RFC 9112 §3.2: a request without exactly one good Host is bad."""
    request = b"\r\n".join(line.replace(b"%d", str(served.port).encode()) for line in lines)

    answer = wire.send(served, request + b"\r\nConnection: close\r\n\r\n")

    assert answer.status in {400, 421}, answer.text
    assert '"keys"' not in answer.text
