"""What can be done to the line and the headers above the parameters, so that one answer is still due."""

from base64 import b64encode
from collections.abc import Callable
from random import Random
from typing import Final

from tests.torture.hostile.cast import Cast
from tests.torture.hostile.head_values import CONTENT_TYPES, ENCODINGS, HOSTS, METHODS, ORIGINS, PATHS, SITES
from tests.torture.hostile.shots import Field, Request
from tests.torture.hostile.values import MARK, of_a_header, text

Change = Callable[[Request, Cast, Random], Request]


def method(request: Request, cast: Cast, chance: Random) -> Request:
    """Another method. With HEAD there is no body in the answer."""
    chosen = chance.choice(METHODS)
    return request.but(f"method {chosen.decode()}", method=chosen)


def path(request: Request, cast: Cast, chance: Random) -> Request:
    """Another path, or this one in disguise."""
    here = request.path
    other = chance.choice(
        (
            *PATHS,
            here + b"/",
            b"/" + here,
            here.upper(),
            here + b"%00",
            here + b"//",
            here + b"%3f",
            here + b"/..",
            b"/x/.." + here,
        )
    )
    # Whoever answers now is told nothing that was meant for this door.
    return request.but(f"path {other[:60]!r}", path=other, door="none", forged=False)


def content_type(request: Request, cast: Cast, chance: Random) -> Request:
    """None, another, or two."""
    rest = without(request.headers, b"content-type")
    chosen = [(b"Content-Type", chance.choice(CONTENT_TYPES)) for _ in range(chance.choice((0, 1, 1, 1, 2)))]
    return request.but(f"content types {[value[:50] for _, value in chosen]}", headers=(*rest, *chosen))


def content_encoding(request: Request, cast: Cast, chance: Random) -> Request:
    """A label of compression. R-024."""
    return request.but("content-encoding", headers=(*request.headers, (b"Content-Encoding", chance.choice(ENCODINGS))))


def authorization(request: Request, cast: Cast, chance: Random) -> Request:
    """Garbled, doubled, or of another scheme. RFC 9110 §11.6.2, R-024."""
    rest = without(request.headers, b"authorization")
    right = chance.choice((cast.legacy, cast.service)).basic.encode()
    said = of_a_header(text(chance))
    value = chance.choice(
        (
            *(
                b"",
                b"Basic",
                b"Basic ",
                b"Bearer",
                b"Bearer ",
                right[6:],
                right + b"=",
                right[:-3],
                right + b" x",
                b"basic " + right[6:],
            ),
            *(
                b"Basic\t" + right[6:],
                b"Basic  " + right[6:],
                right.upper(),
                b"Bearer " + right[6:],
                b"Basic " + cast.access_token.encode(),
            ),
            *(
                b"Basic " + b64encode(said),
                b"Basic " + b64encode(said + b":" + said),
                b"Basic " + b64encode(b":".join([said] * 5)),
            ),
            *(
                b"Basic " + b64encode(b"%zz:%"),
                b"Basic " + b64encode(b"\xff:\xff"),
                b"Basic " + b64encode(b"a:\x00"),
                b"Basic " + said,
            ),
            *(
                b"Bearer " + said,
                b"DPoP " + cast.access_token.encode(),
                b"Digest username=" + said,
                b"Negotiate YII",
                b"AWS4-HMAC-SHA256 x",
            ),
            *(
                b"Bearer " + cast.access_token.encode() + b", " + right,
                b",",
                b'Basic realm="x"',
                said,
                b"Basic " + b"A" * 9_000,
                b"\xff" * 50,
            ),
        )
    )
    lines = ((b"Authorization", value),) * chance.choice((1, 1, 1, 2))
    other = ((b"Authorization", right),) if chance.random() < 0.1 else ()
    return request.but(f"authorization {value[:20]!r} ×{len(lines) + len(other)}", headers=(*rest, *other, *lines))


def host(request: Request, cast: Cast, chance: Random) -> Request:
    """Another host, two, or one that is forwarded. RFC 9112 §3.2."""
    rest = without(request.headers, b"host")
    chosen = chance.choice(HOSTS)
    lines = chance.choice(
        (
            ((b"Host", chosen),),
            ((b"Host", cast.host), (b"Host", chosen)),
            ((b"Host", cast.host), (b"X-Forwarded-Host", chosen)),
        )
    )
    return request.but(f"host {chosen[:40]!r}", headers=(*lines, *rest))


def forwarded(request: Request, cast: Cast, chance: Random) -> Request:
    """Whoever says where a request came from is not believed."""
    said = chance.choice(
        (
            of_a_header(text(chance)),
            b"127.0.0.1",
            b"::1",
            b"[::1]:x",
            b"for=127.0.0.1",
            b'for="[::1]";host=evil',
            b"," * 3_000,
            b"1.2.3.4, " * 2_000,
        )
    )
    name = chance.choice(
        (
            b"Forwarded",
            b"X-Forwarded-For",
            b"X-Forwarded-Proto",
            b"X-Forwarded-Prefix",
            b"X-Real-IP",
            b"X-Original-URL",
            b"Client-IP",
        )
    )
    return request.but(name.decode(), headers=(*request.headers, (name, said)))


def cookie(request: Request, cast: Cast, chance: Random) -> Request:
    """Planted, garbled, doubled. R-036."""
    rest = without(request.headers, b"cookie")
    good, said = cast.browser.encode(), of_a_header(text(chance)).replace(b";", b"%3b")
    value = chance.choice(
        (
            *(
                b"",
                b"=",
                b";;;",
                b"eg_session",
                b"eg_session=",
                b"eg_session=" + said,
                b"eg_browser=" + said + b"; eg_known=" + said,
                said,
            ),
            *(
                good + b"; " + good,
                good + b"; eg_session=x",
                b"eg_session=x; " + good,
                good.upper(),
                good.replace(b"=", b" = "),
                good.replace(b"; ", b","),
            ),
            *(
                b"$Version=1; " + good,
                b"__Host-" + good,
                b'eg_session="' + said,
                good[:-5],
                b"eg_known=" + b"A" * 9_000,
                b"a=b; " * 4_000,
                b"\xff=\xfe",
            ),
        )
    )
    return request.but(
        f"cookie {value[:20]!r}",
        headers=(*rest, (b"Cookie", value), *(((b"Cookie", good),) if chance.random() < 0.2 else ())),
    )


def origin(request: Request, cast: Cast, chance: Random) -> Request:
    """Sent from another site. S-124."""
    rest = without(without(request.headers, b"origin"), b"sec-fetch-site")
    said = ((b"Origin", chance.choice(ORIGINS)), (b"Sec-Fetch-Site", chance.choice(SITES)))
    return request.but("from elsewhere", headers=(*rest, *said[: chance.choice((1, 2))]))


def another_header(request: Request, cast: Cast, chance: Random) -> Request:
    """One that some framework obeys."""
    line = chance.choice(
        (
            *(
                (b"X-HTTP-Method-Override", b"DELETE"),
                (b"X-Method-Override", b"PUT"),
                (b"Expect", b"100-continue"),
                (b"Expect", MARK),
            ),
            *(
                (b"Range", b"bytes=0-0,1-1," * 500),
                (b"If-None-Match", b"*"),
                (b"If-Modified-Since", of_a_header(text(chance))),
            ),
            *(
                (b"Accept", b"text/html"),
                (b"Accept", b"*/*;q=" + b"9" * 400),
                (b"Accept-Language", b"x-" * 3_000),
                (b"Accept-Encoding", b"gzip;q=nan"),
            ),
            *(
                (b"User-Agent", of_a_header(text(chance))),
                (b"User-Agent", b"\xf0\x9f\x92\xa9\x1b[31m"),
                (b"X-Correlation-Id", MARK),
                (b"Traceparent", MARK),
            ),
            *(
                (b"Access-Control-Request-Method", of_a_header(text(chance))),
                (b"Connection", b"close"),
                (b"Connection", b"close, host, authorization"),
            ),
            *(
                (b"Content-Location", MARK),
                (b"Trailer", b"Authorization"),
                (b"DPoP", b"x.y.z"),
                (b"Service-Worker", b"script"),
                (b"X-Csrf-Token", MARK),
            ),
            *(
                (b"Referer", b"http://evil.example/?code=" + MARK),
                (b"Proxy", b"http://127.0.0.1:1"),
                (b"X-Rewrite-Url", b"/metrics"),
                (b"X-" + b"a" * 9_000, b"b"),
            ),
        )
    )
    return request.but(f"{line[0][:30].decode('latin-1')}: {line[1][:30]!r}", headers=(*request.headers, line))


def many_headers(request: Request, cast: Cast, chance: Random) -> Request:
    """Up to what a head may hold."""
    count = chance.choice((50, 500, 2_000))
    return request.but(f"{count} headers", headers=(*request.headers, *((b"x-%d" % n, b"y") for n in range(count))))


CHANGES: Final[tuple[Change, ...]] = (
    *(method, path, content_type, content_encoding, authorization, authorization, host, forwarded, cookie, cookie),
    *(origin, another_header, another_header, many_headers),
)


def without(headers: tuple[Field, ...], name: bytes) -> tuple[Field, ...]:
    """All but those of that name, which is given in lower case."""
    return tuple(line for line in headers if line[0].lower() != name)
