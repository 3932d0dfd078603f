"""What must be true of every answer, whatever was asked."""

import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from tests.torture.hostile.cast import Cast
from tests.torture.hostile.registry import errors
from tests.torture.hostile.shots import Shot
from tests.torture.hostile.values import INJECTED, MARK, PROBES
from tests.torture.hostile.wire import UNREADABLE, Answer

SLOWEST_S: Final = 15.0
"""No answer takes longer, also while a password is hashed and both cores are busy."""

_BARE: Final = {(400, UNREADABLE), (431, b"")}
"""What is answered before there is a request at all."""

_MEMBERS: Final = {"error", "error_description", "correlation_id"}
_PLAIN: Final = ("text/plain", "text/css", "text/javascript", "image/")


def complaints(shot: Shot, answer: Answer, cast: Cast) -> Iterator[str]:
    """What is wrong with this answer to this shot."""
    status, headers, body = answer.status, answer.headers, answer.body
    if status >= 500 or status < 200:
        yield f"status {status}: {body[:200]!r}"
    if b"Traceback" in body or b'File "' in body:
        yield "a traceback in the answer"
    if INJECTED.decode() in headers:
        yield "a header of the attacker's"
    if any(MARK.decode() in value for name, value in headers.items() if name != "location"):
        yield "the attacker's text in a header"
    if answer.seconds > SLOWEST_S:
        yield f"took {answer.seconds:.1f} s"
    if "x-correlation-id" not in headers:
        if (status, body) not in _BARE:
            yield f"an answer without a correlation id: {status} {body[:80]!r}"
        return
    yield from _of_the_body(shot, answer)
    if 300 <= status < 400:
        yield from _of_the_address(headers.get("location", ""), cast)
    if shot.forged and _was_believed(shot, answer):
        yield f"a forgery was believed: {body[:200]!r}"


def _of_the_body(shot: Shot, answer: Answer) -> Iterator[str]:
    kind, body = answer.headers.get("content-type", ""), answer.body
    if kind.startswith("text/html"):
        if any(probe in body for probe in PROBES):
            yield "markup came back as markup"
        if "content-security-policy" not in answer.headers:
            yield "a page without a policy"
    elif kind.startswith("application/"):
        if MARK in body:
            yield "the attacker's text in a JSON answer"
        if answer.headers.get("x-content-type-options") != "nosniff":
            yield "JSON that may be sniffed"
        if not shot.head_only:
            yield from _of_the_json(answer)
    elif body and not kind.startswith(_PLAIN):
        yield f"content type {kind!r}"


def _of_the_json(answer: Answer) -> Iterator[str]:
    try:
        told = json.loads(answer.body)
    except ValueError:
        yield f"not JSON: {answer.body[:80]!r}"
        return
    if answer.status < 400:
        return
    if "error" not in told:
        # RFC 6750 §3.1: who showed no token is told no code. And /readyz tells of itself.
        if told.get("status") is None and (answer.status, told) != (401, {}):
            yield f"an error without a code: {told}"
    elif (told["error"], answer.status) not in errors() and (told["error"], answer.status) != ("not_found", 404):
        yield f"not in the table: {answer.status} {told['error']}"
    elif set(told) - _MEMBERS:
        yield f"members {sorted(told)}"
    elif told.get("correlation_id") != answer.headers["x-correlation-id"]:
        yield "two correlation ids"


def _of_the_address(location: str, cast: Cast) -> Iterator[str]:
    """Nobody is sent anywhere but to our own pages and to what was registered. Read again, in another way than ours."""
    parts = urlsplit(location)
    if location.startswith("/") and not location.startswith(("//", "/\\")) and not parts.netloc:
        return
    place = (parts.scheme, parts.hostname, parts.path)
    known = {(own.scheme, own.hostname, own.path) for own in map(urlsplit, (*cast.redirects, *cast.after_logout))}
    if place not in known or parts.username is not None or parts.fragment or "\\" in location:
        yield f"sent to {location[:200]}"


def _was_believed(shot: Shot, answer: Answer) -> bool:
    if answer.status >= 400:
        return False
    if shot.door in ("token", "userinfo"):
        return answer.status == 200 and not shot.head_only and answer.body.startswith(b"{")
    return shot.door == "introspect" and answer.body not in (b"", b'{"active":false}')
