"""Bodies that are too large, too many, compressed, broken or late. Nothing is spent. R-061."""

import gzip
import socket
import zlib
from collections.abc import Iterator

import httpx2
import pytest

from evergrant.server.http import reading
from tests.protocol import wire
from tests.protocol.program import Program, basic
from tests.protocol.served import Served, body, error
from tests.support.waiting import until

FORM = "application/x-www-form-urlencoded"
LIMIT = 64 * 1024
DOORS = ("/token", "/revoke", "/introspect", "/userinfo")


@pytest.fixture(scope="module")
def holder(on_sqlite: Served) -> Iterator[tuple[Program, str]]:
    """A client and its refresh token, which must be as good at the end as at the beginning."""
    program = Program(on_sqlite, on_sqlite.registry.client())
    token = program.sign_in(on_sqlite.registry.user())["refresh_token"]
    yield program, token
    (grant,) = on_sqlite.registry.grants_of(program.client)
    assert (grant.state, grant.generation) == ("active", 1)
    assert program.refresh(token).status_code == 200


@pytest.fixture
def web(holder: tuple[Program, str]) -> Program:
    return holder[0]


@pytest.fixture
def token(holder: tuple[Program, str]) -> str:
    return holder[1]


@pytest.fixture(autouse=True)
def nothing_spent(served: Served, holder: tuple[Program, str]) -> Iterator[None]:
    """No row changes."""
    before = served.registry.rows()
    yield
    assert served.registry.rows() == before


def headers(web: Program, **more: str) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in more.items()}
    return {"Authorization": basic(web.client.id, web.client.secret or ""), "Content-Type": FORM, **named}


def good(token: str) -> bytes:
    return f"grant_type=refresh_token&refresh_token={token}".encode()


@pytest.mark.parametrize("door", DOORS)
def test_a_declared_body_above_64_kib_is_refused_unread(served: Served, web: Program, token: str, door: str) -> None:
    """RFC 9110 §15.5.14."""
    content = good(token) + b"&x=" + b"x" * LIMIT

    answer = served.http.post(door, content=content, headers=headers(web))

    assert error(answer) == (413, "invalid_request")


def test_a_body_is_refused_by_what_it_declares_before_it_arrives(served: Served, web: Program) -> None:
    """Nobody can keep us reading."""
    request = wire.post(
        served, "/token", b"Content-Type: " + FORM.encode(), b"Content-Length: 1000000000", b"Connection: close"
    )

    assert wire.send(served, request).status == 413


@pytest.mark.parametrize("size", [LIMIT + 1, 40 * LIMIT])
def test_a_chunked_body_above_64_kib_is_refused_as_it_arrives(
    served: Served, web: Program, token: str, size: int
) -> None:
    def pieces() -> Iterator[bytes]:
        yield good(token) + b"&x="
        for _ in range(size // 1024):
            yield b"x" * 1024

    try:
        answer = served.http.post("/token", content=pieces(), headers=headers(web))
    except httpx2.HTTPError:
        return  # the connection was cut while we were still sending, which refuses it as well
    assert error(answer) == (413, "invalid_request")


def test_a_body_of_exactly_64_kib_is_read(served: Served, web: Program) -> None:
    content = b"grant_type=client_credentials&" + b"&".join(b"%d=" % n + b"x" * 8_000 for n in range(8))
    content += b"&y=" + b"y" * (LIMIT - len(content) - 3)

    answer = served.http.post("/token", content=content, headers=headers(web))

    assert (len(content), answer.status_code) == (LIMIT, 200)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity", ""])
def test_a_compressed_body_is_never_unpacked(served: Served, web: Program, token: str, encoding: str) -> None:
    """R-024: a bomb is refused by its label."""
    packed = {"gzip": gzip.compress(good(token)), "deflate": zlib.compress(good(token))}.get(encoding, good(token))

    answer = served.http.post("/token", content=packed, headers=headers(web, Content_Encoding=encoding))

    assert error(answer) == (415, "invalid_request")


@pytest.mark.parametrize(
    "content",
    [
        b"&".join(b"p%d=x" % n for n in range(101)),
        b"scope=" + b"x" * 8_193,
        b"state=" + b"x" * 4_097,
        b"scope=%",
        b"scope=%zz",
        b"scope=%2",
        b"scope=\xff",
        b"scope=%ff%fe",
        b"scope=%00",
        b"scope=read%00",
        b"%00=x",
        b"scope=%ed%a0%80",
        b"refresh_token=x&refresh_token=y",
        b"client_secret=x&client_secret=",
    ],
)
@pytest.mark.parametrize("door", ["/token", "/revoke", "/introspect"])
def test_a_broken_form_is_refused_and_not_repaired(
    served: Served, web: Program, token: str, content: bytes, door: str
) -> None:
    """RFC 6749 §3.2: two programs that repair differently read two different requests."""
    sent = b"grant_type=refresh_token&token=" + token.encode() + b"&" + content

    answer = served.http.post(door, content=sent, headers=headers(web))

    assert error(answer) == (400, "invalid_request")
    assert token not in answer.text


@pytest.mark.parametrize("content", [b"", b"&", b"=", b"&&&=&", b"grant_type", b"{}", b"<xml/>", b"\x00" * 100])
def test_an_empty_or_foreign_body_is_an_error_of_the_client(served: Served, web: Program, content: bytes) -> None:
    for door in ("/token", "/revoke", "/introspect"):
        assert error(served.http.post(door, content=content, headers=headers(web))) == (400, "invalid_request")


def test_a_multipart_form_is_not_read(served: Served, web: Program, token: str) -> None:
    """R-061: no multipart at all."""
    answer = served.http.post(
        "/token",
        files={"grant_type": (None, "refresh_token"), "refresh_token": (None, token)},
        headers={"Authorization": basic(web.client.id, web.client.secret or "")},
    )

    assert error(answer) == (415, "invalid_request")


def test_parameters_in_the_query_are_not_parameters(served: Served, web: Program, token: str) -> None:
    """RFC 6749 §3.2: POST, in the body. The query is in everybody's logs."""
    answer = served.http.post(
        "/token", params={"grant_type": "refresh_token", "refresh_token": token}, headers=headers(web)
    )

    assert error(answer) == (400, "invalid_request")


def test_a_body_that_does_not_arrive_is_not_waited_for(
    served: Served, web: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BODY_SECONDS", 0.2)
    request = wire.post(
        served, "/token", b"Content-Type: " + FORM.encode(), b"Content-Length: 100", b"Connection: close", body=b"gr"
    )

    answer = wire.send(served, request)

    assert answer.status == 400
    assert '"error":"invalid_request"' in answer.text


def test_a_client_that_hangs_up_in_the_middle_is_no_bug(served: Served, web: Program, token: str) -> None:
    """It leaves one quiet line and no traceback."""
    before = len(served.log.entries())
    request = wire.post(
        served,
        "/token",
        b"Authorization: " + basic(web.client.id, web.client.secret or "").encode(),
        b"Content-Type: " + FORM.encode(),
        b"Content-Length: 500",
        body=good(token),
    )
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(request)

    said = until(
        lambda: [line for line in served.log.entries()[before:] if line.get("endpoint") == "token"],
        what="the server notices",
    )
    assert {line["level"] for line in said} == {"info"}


def test_an_oversized_query_is_refused(served: Served, web: Program) -> None:
    """R-023: no 5xx for any URL."""
    for query in ("scope=" + "x" * 9_000, "&".join(f"p{n}=x" for n in range(101)), "state=%", "scope=%ff"):
        answer = served.http.get(f"/authorize?client_id={web.client.id}&{query}")
        assert answer.status_code in {400, 413, 414}
        assert "location" not in answer.headers


def test_nothing_of_a_broken_body_is_sent_back(served: Served, web: Program) -> None:
    """R-038: what the sender wrote is not reflected."""
    answer = served.http.post(
        "/token", content=b"<script>=1&<script>=2&grant_type=<script>alert(1)</script>", headers=headers(web)
    )

    assert error(answer)[0] == 400
    assert "<script>" not in answer.text
    assert "script" not in body(answer)["error_description"]
