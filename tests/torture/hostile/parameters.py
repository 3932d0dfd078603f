"""What can be done to the parameters of a request, and to the way they are written."""

import json
from collections.abc import Callable
from random import Random
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from tests.torture.hostile.registry import parameters
from tests.torture.hostile.shots import Field, Request
from tests.torture.hostile.values import MARK, text, written

Change = Callable[[Request, Random], Request]


def drop(request: Request, chance: Random) -> Request:
    """One parameter is missing."""
    at = _one(request, chance)
    return request.but(f"without {_name(request, at)}", fields=request.fields[:at] + request.fields[at + 1 :])


def double(request: Request, chance: Random) -> Request:
    """One comes twice: the same, another value, or once empty. RFC 6749 §3.1."""
    at = _one(request, chance)
    name, value = request.fields[at]
    other = chance.choice((value, b"", written(text(chance), chance)))
    pair = ((name, value), (name, other))
    twice = pair if chance.random() < 0.5 else pair[::-1]
    return request.but(f"{_name(request, at)} twice", fields=request.fields[:at] + twice + request.fields[at + 1 :])


def shuffle(request: Request, chance: Random) -> Request:
    """In another order."""
    return request.but("shuffled", fields=tuple(chance.sample(request.fields, len(request.fields))))


def rename(request: Request, chance: Random) -> Request:
    """A name that some parser takes for the right one."""
    at = _one(request, chance)
    name, value = request.fields[at]
    other = chance.choice(
        (
            name.upper(),
            name.title(),
            name + b"[]",
            name + b"[0]",
            name + b"[$ne]",
            b"%20" + name,
            name + b"%00",
            name + b"+",
            name.replace(b"_", b"-"),
            name.replace(b"_", b"."),
            b"%%%02x" % name[0] + name[1:] if name else b"x",
            b"\xef\xbb\xbf" + name,
            b"amp;" + name,
            b"__proto__." + name,
            chance.choice(parameters()).encode(),
            written(text(chance), chance),
        )
    )
    return request.but(f"{_name(request, at)} renamed", fields=_with(request.fields, at, other, value))


def replace_value(request: Request, chance: Random) -> Request:
    """Another value altogether."""
    at = _one(request, chance)
    return request.but(
        f"{_name(request, at)} replaced",
        fields=_with(request.fields, at, request.fields[at][0], written(text(chance), chance)),
    )


def stretch(request: Request, chance: Random) -> Request:
    """Something before or behind the value."""
    at = _one(request, chance)
    name, value = request.fields[at]
    more = written(text(chance), chance)
    return request.but(
        f"{_name(request, at)} stretched",
        fields=_with(request.fields, at, name, value + more if chance.random() < 0.7 else more + value),
    )


def rewrite(request: Request, chance: Random) -> Request:
    """The same value, written in another way; or so that only a lenient reader finds it the same."""
    at = _one(request, chance)
    name, value = request.fields[at]
    plain = unquote_to_bytes(value)
    other = chance.choice(
        (
            b"".join(b"%%%02X" % octet for octet in plain),
            quote(value.decode("latin-1"), safe="").encode(),
            plain,
            value.replace(b"%", b"%u00"),
            value.lower(),
            value.upper(),
            value + b"%",
            b"\xef\xbb\xbf" + value,
            b'"' + value + b'"',
            value.replace(b"a", b"%c1%a1", 1),
            value.replace(b"e", b"%e0%81%a5", 1),
            b"[" + value + b"]",
        )
    )
    return request.but(f"{_name(request, at)} written otherwise", fields=_with(request.fields, at, name, other))


def add(request: Request, chance: Random) -> Request:
    """A parameter that belongs elsewhere, or to nobody."""
    name = chance.choice(parameters()).encode() if chance.random() < 0.7 else written(text(chance), chance)
    return request.but(f"{name[:40]!r} added", fields=(*request.fields, (name, written(text(chance), chance))))


def flood(request: Request, chance: Random) -> Request:
    """Around the limit of how many there may be, and far above."""
    count = chance.choice((95, 100, 101, 300, 3_000))
    return request.but(f"{count} more", fields=(*request.fields, *((b"p%d" % n, b"") for n in range(count))))


def join(request: Request, chance: Random) -> Request:
    """Between the parameters stands what only some take for a separator."""
    sign = chance.choice((b";", b"&&", b"&amp;", b"%26", b"\n", b"\r\n", b"?", b"&=&", b",", b"\x00"))
    together = sign.join(name + b"=" + value for name, value in request.fields)
    name, _, value = together.partition(b"=")
    return request.but(f"joined by {sign!r}", fields=((name, value),))


def as_json(request: Request, chance: Random) -> Request:
    """The parameters as JSON, of the wrong types; with whatever content type there is."""
    plain = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.fields}
    confused: dict[str, object] = {
        name: chance.choice((value, [value], {"$eq": value}, None, True, 7, 1e99, [[[value]]]))
        for name, value in plain.items()
    }
    body = chance.choice(
        (
            json.dumps(plain).encode(),
            json.dumps(confused).encode(),
            json.dumps([plain]).encode(),
            b"[" * 5_000 + b"]" * 5_000,
            b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
            b'{"grant_type":"refresh_token","grant_type":"client_credentials"}',
            b"\xff\xfe" + json.dumps(plain).encode("utf-16-le"),
        )
    )
    return request.but("as JSON", body=body, in_query=False)


def as_something(request: Request, chance: Random) -> Request:
    """Another body: in another character set, of several parts, or garbage."""
    parameters = b"&".join(name + b"=" + value for name, value in request.fields)
    body = chance.choice(
        (
            b"",
            b"&",
            b"=",
            b"?" + parameters,
            parameters + b"\r\n",
            b"\r\n" + parameters,
            parameters.decode("latin-1").encode("utf-16"),
            parameters.decode("latin-1").encode("utf-32-be"),
            b'--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nrefresh_token\r\n--x--\r\n',
            b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;' + MARK + b"</a>",
            b"\x1f\x8b\x08\x00" + bytes(range(256)),
            bytes(chance.randrange(256) for _ in range(200)),
            parameters + b"&x=" + b"x" * 65_600,
        )
    )
    return request.but("another body", body=body, in_query=False)


def swap(request: Request, chance: Random) -> Request:
    """Parameters in the query that belong in the body, or the reverse."""
    return request.but("query and body swapped", in_query=not request.in_query)


CHANGES: Final[tuple[Change, ...]] = (
    *(drop, double, rename, replace_value, replace_value, replace_value, stretch, stretch),
    *(rewrite, rewrite, add, add, shuffle, flood, join, as_json, as_something, swap),
)


def _one(request: Request, chance: Random) -> int:
    return chance.randrange(len(request.fields))


def _name(request: Request, at: int) -> str:
    return request.fields[at][0][:40].decode("latin-1")


def _with(fields: tuple[Field, ...], at: int, name: bytes, value: bytes) -> tuple[Field, ...]:
    return (*fields[:at], (name, value), *fields[at + 1 :])
