"""Several requests on one connection, some of them broken: no bug of ours, and no answer to somebody else's request."""

import socket
from contextlib import suppress

import pytest

from tests.protocol.program import Program, basic
from tests.protocol.served import Served
from tests.support.waiting import until

FORM = b"grant_type=nonsense"
GARBAGE = b"\x00\x01 garbage\r\n\r\n"


def posted(served: Served, web: Program) -> bytes:
    """A whole request, whose answer takes a turn or two."""
    proof = basic(web.client.id, web.client.secret or "")
    head = (
        f"POST /token HTTP/1.1\r\nHost: localhost:{served.port}\r\nAuthorization: {proof}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(FORM)}\r\n\r\n"
    )
    return head.encode() + FORM


def everything(served: Served, octets: bytes) -> bytes:
    """What comes back until the server hangs up, which it has to do."""
    received = b""
    # What was sent and never read makes the end a reset.
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection, suppress(ConnectionError):
        connection.sendall(octets)
        while piece := connection.recv(65_536):
            received += piece
    return received


@pytest.mark.parametrize(
    "behind", [GARBAGE, b"GET / HTTP/1.1\r\nX:" + b"x" * 300_000], ids=["garbage", "an endless head"]
)
def test_what_is_broken_behind_a_whole_request_is_not_taken_for_its_answer(
    served: Served, web: Program, behind: bytes
) -> None:
    """RFC 9112 §9.3.2: answers come in the order of the requests. R-060"""
    received = everything(served, posted(served, web) + behind)

    assert received == b"" or b"unsupported_grant_type" in received


def test_who_sends_several_and_hangs_up_is_no_bug(served: Served, web: Program) -> None:
    """R-024: strangers do not write tracebacks into the log."""
    began = len(served.log.entries())

    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(posted(served, web) * 20)

    until(lambda: len(served.log.entries()) > began, what="the server has written of it")
    assert served.http.get("/healthz").status_code == 200
    assert [line for line in served.log.entries()[began:] if line["level"] == "error"] == []


def test_a_body_that_is_broken_is_told_so(served: Served, web: Program) -> None:
    """RFC 9112 §7.1: the request itself is the broken one."""
    head = posted(served, web).partition(b"\r\n\r\n")[0]
    chunked = head.replace(b"Content-Length: %d" % len(FORM), b"Transfer-Encoding: chunked")

    received = everything(served, chunked + b"\r\n\r\nxyz\r\n")

    assert received.startswith(b"HTTP/1.1 400 ")
    assert received.count(b"HTTP/1.1") == 1
