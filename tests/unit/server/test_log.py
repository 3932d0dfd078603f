"""Nobody's secret is in the log, whatever somebody hands to it (S-131 and invariant 7)."""

import io
import json
import logging

import pytest
from msgspec import convert

from evergrant.protocol.secret import Secret
from evergrant.server.log import Log, open_log, route_standard_logging
from evergrant.server.request_line import RequestLine

JWS = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl"
OURS = "eg_rt_AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


def line_of(stream: io.StringIO) -> dict[str, object]:
    line: dict[str, object] = json.loads(stream.getvalue().splitlines()[-1])
    return line


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(stream: io.StringIO) -> Log:
    return open_log("json", "info", lambda: 1_795_000_000_123, stream)


@pytest.mark.parametrize(
    "value",
    [
        Secret("hunter2"),
        OURS,
        f"refused {OURS} of a stranger",
        JWS,
        f"https://app.example/cb?state=1&code={OURS}",
        "https://app.example/cb?code=short-code-of-another-server",
        "Basic aHVudGVyMjpodW50ZXIy",
        "DPoP kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
        "postgresql://evergrant:hunter2@db.example.com/evergrant",
        b"hunter2",
        {"inner": [{"deeper": OURS}]},
    ],
)
def test_a_secret_is_known_by_its_looks(log: Log, stream: io.StringIO, value: object) -> None:
    log.info("told", what=value)

    written = stream.getvalue()
    assert "<token>" in written
    for secret in ("hunter2", "aHVudGVy", "eg_rt_", "eyJ", "short-code", "kz~8mXK1"):
        assert secret not in written


@pytest.mark.parametrize(
    "name",
    ["password", "client_secret", "code", "code_verifier", "refresh_token", "Authorization", "Set-Cookie"],
)
def test_a_secret_is_known_by_its_name(log: Log, stream: io.StringIO, name: str) -> None:
    log.info("told", headers={name: "hunter2"}, **{name: "hunter2"})

    assert "hunter2" not in stream.getvalue()


def test_a_traceback_loses_its_secrets_too(log: Log, stream: io.StringIO) -> None:
    try:
        raise ValueError(f"cannot read {OURS}")
    except ValueError as bug:
        log.error("bug", exc_info=bug)

    assert "ValueError" in stream.getvalue()
    assert "eg_rt_" not in stream.getvalue()


def test_what_is_no_secret_is_written_as_it_is(log: Log, stream: io.StringIO) -> None:
    log.bind(correlation_id="0f0f").info("request", endpoint="token", status=400, reason=None, ms=1.5)

    assert line_of(stream) == {
        "correlation_id": "0f0f",
        "endpoint": "token",
        "status": 400,
        "reason": None,
        "ms": 1.5,
        "event": "request",
        "level": "info",
        "at": "2026-11-18T11:06:40.123Z",
    }


def request_line(**values: object) -> RequestLine:
    return convert(
        {"correlation_id": "0f0f", "method": "POST", "endpoint": "token", "status": 200, **values}, RequestLine
    )


def test_a_request_is_one_line_with_what_was_decided(log: Log, stream: io.StringIO) -> None:
    log.answered(request_line(client_id="web", decision="renew", generation=7, ms=0.4))

    assert line_of(stream) == {
        "correlation_id": "0f0f",
        "method": "POST",
        "endpoint": "token",
        "status": 200,
        "ms": 0.4,
        "client_id": "web",
        "decision": "renew",
        "generation": 7,
        "event": "request",
        "level": "info",
        "at": "2026-11-18T11:06:40.123Z",
    }


@pytest.mark.parametrize("name", ["correlation_id", "method", "endpoint", "client_id", "grant_type", "error", "reason"])
@pytest.mark.parametrize("value", [OURS, JWS, "Basic aHVudGVyMjpodW50ZXIy", "code=hunter2", "x://u:hunter2@db"])
def test_no_secret_takes_the_short_way(log: Log, stream: io.StringIO, name: str, value: str) -> None:
    """S-131: none of these is ever a caller's text; if a slip makes one so, it is still no leak."""
    log.answered(request_line(**{name: value}))

    assert "<token>" in stream.getvalue()
    for secret in ("hunter2", "aHVudGVy", "eg_rt_", "eyJ"):
        assert secret not in stream.getvalue()


@pytest.mark.parametrize("level", ["info", "warning"])
def test_a_request_line_for_people_says_the_same(stream: io.StringIO, level: str) -> None:
    open_log("console", "info", lambda: 0, stream).answered(
        request_line(decision="refuse", reason="reused", level=level)
    )

    for word in (level, "request", "0f0f", "token", "refuse", "reused"):
        assert word in stream.getvalue()
    assert "UNSET" not in stream.getvalue()


def test_a_request_line_has_a_level_too(stream: io.StringIO) -> None:
    log = open_log("json", "warning", lambda: 0, stream)
    log.answered(request_line())
    log.answered(request_line(decision="revoke", level="warning"))

    assert [json.loads(line)["decision"] for line in stream.getvalue().splitlines()] == ["revoke"]


def test_less_important_lines_are_left_out(stream: io.StringIO) -> None:
    open_log("json", "warning", lambda: 0, stream).info("request")

    assert stream.getvalue() == ""


def test_libraries_speak_through_the_same_door(log: Log, stream: io.StringIO) -> None:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.getLogger("uvicorn.access").disabled)
    try:
        route_standard_logging(log, "info")
        logging.getLogger("some.library").error("connecting to postgresql://u:hunter2@db failed")
        logging.getLogger("uvicorn.access").warning("GET /cb?code=hunter2")
    finally:
        root.handlers[:], root.level, logging.getLogger("uvicorn.access").disabled = before

    assert (line_of(stream)["level"], line_of(stream)["logger"]) == ("error", "some.library")
    assert len(stream.getvalue().splitlines()) == 1
    assert "hunter2" not in stream.getvalue()
