"""Requests that two programs could cut in two different places. RFC 9112 §6, §7; R-060.

Each of them tries to bring a second request past whoever counts the first. The server may answer the first, refuse it
or hang up; it must never answer more requests than were openly sent.
"""

from collections.abc import Iterator
from random import Random

from tests.torture.hostile.cast import Cast
from tests.torture.hostile.shots import Shot
from tests.torture.hostile.values import MARK

_FORM = b"Content-Type: application/x-www-form-urlencoded"


def smuggled(cast: Cast, chance: Random) -> tuple[Shot, ...]:
    """All of them, shuffled."""
    found = [*_lengths(cast), *_chunks(cast), *_lines(cast), *_several(cast), *_unfinished(cast)]
    chance.shuffle(found)
    return tuple(found)


def _post(cast: Cast, *headers: bytes, body: bytes = b"", path: bytes = b"/token") -> bytes:
    proof = b"Authorization: " + cast.service.basic.encode()
    return b"\r\n".join([b"POST " + path + b" HTTP/1.1", b"Host: " + cast.host, proof, _FORM, *headers, b"", body])


def _second(cast: Cast) -> bytes:
    return b"GET /healthz HTTP/1.1\r\nHost: " + cast.host + b"\r\nX-Second: " + MARK + b"\r\n\r\n"


def _shot(note: str, octets: bytes, most: int = 1) -> Shot:
    return Shot(octets, note, sound=False, most=most)


def _lengths(cast: Cast) -> Iterator[Shot]:
    second = _second(cast)
    chunked = b"0\r\n\r\n" + second
    both = (
        *(
            b"Transfer-Encoding: chunked",
            b"transfer-encoding:chunked",
            b"Transfer-Encoding: Chunked",
            b"Transfer-Encoding:\tchunked",
        ),
        *(
            b"Transfer-Encoding: chunked, identity",
            b"Transfer-Encoding: identity, chunked",
            b"Transfer-Encoding: xchunked",
        ),
        *(
            b"Transfer-Encoding: chunked;q=1",
            b"Transfer-Encoding: \x0bchunked",
            b"Transfer-Encoding: chun\x00ked",
            b"Transfer-Encoding : chunked",
        ),
        *(
            b"Transfer-Encoding: gzip, chunked",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            b"X: y\r\n Transfer-Encoding: chunked",
        ),
        *(
            b"Transfer_Encoding: chunked",
            b"Transfer-Encoding\x00: chunked",
            b'Transfer-Encoding: "chunked"',
            b"Transfer-Encoding: chunked,",
        ),
    )
    for line in both:
        # Whoever believes the length sees one request, whoever believes the chunks sees two; and the reverse.
        yield _shot(
            f"a length and {line!r}", _post(cast, b"Content-Length: %d" % len(chunked), line, body=chunked), most=2
        )
        yield _shot(
            f"{line!r} and a length",
            _post(cast, line, b"Content-Length: 4", body=b"5c\r\n" + second + b"\r\n0\r\n\r\n"),
            most=1,
        )
    for value in (
        b"0, 0",
        b"+0",
        b"-0",
        b"0x0",
        b"0_0",
        b"\xd9\xa0",
        b"0 0",
        b"0;",
        b"",
        b"00000000000000000000",
        b"1e0",
        b"0\x00",
        b"9" * 50,
        b"-1",
        b" 0 ",
    ):
        yield _shot(f"length {value!r}", _post(cast, b"Content-Length: " + value, body=second), most=2)
    for pair in ((b"0", b"5"), (b"5", b"0"), (b"0", b"0")):
        yield _shot(
            f"lengths {pair}", _post(cast, *(b"Content-Length: " + value for value in pair), body=second), most=1
        )
    for name in (
        b"Content-Length ",
        b"Content-Length\t",
        b" Content-Length",
        b"Content_Length",
        b"Content-Length\x00",
        b"content-length\xa0",
    ):
        yield _shot(f"{name!r}", _post(cast, name + b": 5", body=b"a=b&c" + second), most=2)


def _chunks(cast: Cast) -> Iterator[Shot]:
    good = b"grant_type=x"
    bodies = (
        *(
            b"c\r\n" + good + b"\r\n0\r\n\r\n",
            b"C\r\n" + good + b"\r\n00\r\n\r\n",
            b"0000000c\r\n" + good + b"\r\n0\r\n\r\n",
        ),
        *(
            b"c;ext=" + MARK + b"\r\n" + good + b"\r\n0\r\n\r\n",
            b'c;ext="\r\n' + good + b"\r\n0\r\n\r\n",
            b"c;" + b"x" * 20_000 + b"\r\n" + good + b"\r\n0\r\n\r\n",
        ),
        *(
            b"c\n" + good + b"\n0\n\n",
            b"c \r\n" + good + b"\r\n0\r\n\r\n",
            b"0xc\r\n" + good + b"\r\n0\r\n\r\n",
            b"+c\r\n" + good + b"\r\n0\r\n\r\n",
        ),
        *(
            b"-1\r\n",
            b"g\r\n",
            b"\r\n",
            b"ffffffffffffffff\r\nx",
            b"fffffffffffffffff\r\nx",
            b"7fffffffffffffff\r\n" + good,
            b"1\r\nab\r\n0\r\n\r\n",
        ),
        *(
            b"c\r\n" + good + b"0\r\n\r\n",
            b"c\r\n" + good + b"\r\n0\r\nX-Trailer: " + MARK + b"\r\n\r\n",
            b"0\r\nContent-Length: 5\r\nHost: evil\r\n\r\n",
        ),
        *(
            b"0\r\n" + b"X: y\r\n" * 9_000 + b"\r\n",
            b"\x00\r\n\r\n",
            b"1\r\n\x00\r\n0\r\n\r\n",
            b"c\r\n" + good + b"\r\n\r\n0\r\n\r\n",
        ),
    )
    for body in bodies:
        yield _shot(
            f"chunks {body[:30]!r}", _post(cast, b"Transfer-Encoding: chunked", body=body + _second(cast)), most=2
        )


def _lines(cast: Cast) -> Iterator[Shot]:
    host = b"Host: " + cast.host
    firsts = (
        *(
            b"GET /healthz HTTP/1.0",
            b"GET /healthz HTTP/0.9",
            b"GET /healthz HTTP/1.2",
            b"GET /healthz HTTP/2.0",
            b"GET /healthz HTTP/9.9",
            b"GET /healthz",
        ),
        *(
            b"GET  /healthz HTTP/1.1",
            b"GET /healthz  HTTP/1.1",
            b"GET\t/healthz\tHTTP/1.1",
            b" GET /healthz HTTP/1.1",
            b"GET /healthz HTTP/1.1 ",
            b"GET /healthz http/1.1",
        ),
        *(
            b"get /healthz HTTP/1.1",
            b"GET/healthz HTTP/1.1",
            b"GET healthz HTTP/1.1",
            b"GET * HTTP/1.1",
            b"OPTIONS * HTTP/1.1",
            b"GET ? HTTP/1.1",
            b"GET # HTTP/1.1",
        ),
        *(
            b"GET http://evil.example/healthz HTTP/1.1",
            b"GET https://" + cast.host + b"/token HTTP/1.1",
            b"GET http:/// HTTP/1.1",
            b"GET //evil/healthz HTTP/1.1",
        ),
        *(
            b"GET http://a@b:c/ HTTP/1.1",
            b"GET http://[::1 HTTP/1.1",
            b"GET /\x00 HTTP/1.1",
            b"GET /\xff HTTP/1.1",
            b"GET /a b HTTP/1.1",
            b"GET /" + b"a" * 70_000 + b" HTTP/1.1",
        ),
        *(
            b"CONNECT localhost:1 HTTP/1.1",
            b"CONNECT /token HTTP/1.1",
            MARK.upper() + b" /token HTTP/1.1",
            b"G\x00T / HTTP/1.1",
            b"\x16\x03\x01\x02\x00\x01\x00",
            b"PRI * HTTP/2.0",
        ),
        *(
            b"\r\n\r\nGET /healthz HTTP/1.1",
            b"\nGET /healthz HTTP/1.1",
            b"GET /healthz HTTP/1.1\r",
            b"\xef\xbb\xbfGET / HTTP/1.1",
            b"POST /token HTTP/1.1\r\nExpect: 100-continue",
        ),
    )
    for first in firsts:
        yield _shot(f"line {first[:50]!r}", first + b"\r\n" + host + b"\r\n\r\n", most=1)
    headers = (
        *(
            b"X-Folded: a\r\n b",
            b"X-Folded: a\r\n\tb",
            b" X: leading",
            b"X",
            b": y",
            b"X : y",
            b"X\x00: y",
            b"X: a\x00b",
            b"X: a\rb",
            b"X: a\nY: b",
            b"\xff: y",
            b"X: \xff\xfe",
        ),
        *(
            b"X(y): z",
            b"X y: z",
            b"",
            b"X: " + b"y" * 70_000,
            b"Y" * 70_000 + b": y",
            b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13",
        ),
        *(
            b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk",
            b"Connection: keep-alive\r\nKeep-Alive: timeout=999999",
            b"Proxy-Connection: close",
        ),
    )
    for header in headers:
        yield _shot(
            f"header {header[:40]!r}", b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n" + header + b"\r\n\r\n", most=1
        )
        yield _shot(
            f"header {header[:40]!r}, posted", _post(cast, b"Content-Length: 12", header, body=b"grant_type=x"), most=1
        )
    yield _shot("lines that end in LF", b"GET /healthz HTTP/1.1\n" + host + b"\n\n")
    yield _shot("lines that end in CR", b"GET /healthz HTTP/1.1\r" + host + b"\r\r")
    yield _shot("no host", b"GET /healthz HTTP/1.1\r\n\r\n")


def _several(cast: Cast) -> Iterator[Shot]:
    one = b"GET /healthz HTTP/1.1\r\nHost: " + cast.host + b"\r\n\r\n"
    for count in (2, 10, 100):
        yield _shot(f"{count} at once", one * count, most=count)
    posted = _post(cast, b"Content-Length: 12", body=b"grant_type=x")
    yield _shot("posts at once", posted * 5, most=5)
    yield _shot("a bad one between two good", one + b"\x00\x01\r\n\r\n" + one, most=1)
    yield _shot("one that closes, and another", one.replace(b"Host", b"Connection: close\r\nHost") + one, most=1)
    yield _shot("an old one, and another", one.replace(b"1.1", b"1.0") + one, most=1)


def _unfinished(cast: Cast) -> Iterator[Shot]:
    whole = _post(cast, b"Content-Length: 12", body=b"grant_type=x")
    for length in (1, 10, 40, 120, len(whole) - 12, len(whole) - 1):
        yield _shot(f"only {length} octets", whole[:length])
    yield _shot("nothing", b"")
    yield _shot("a body that does not come", _post(cast, b"Content-Length: 60000", body=b"grant"))
