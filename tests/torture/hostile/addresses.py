"""Redirect URIs that look like a registered one: each has been an open redirect somewhere. R-023, R-030, R-033."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, urlsplit

_EVIL: Final = "evil.example"
_SCHEMES: Final = (
    "javascript:alert(1)//",
    "JaVaScRiPt:alert(1)//",
    " javascript:alert(1)//",
    "java\tscript:alert(1)//",
    "java\nscript:alert(1)//",
    "\x01javascript:alert(1)//",
    "javascript&colon;alert(1)//",
    "data:text/html,",
    "vbscript:",
    "file:///",
    "ftp://",
    "view-source:",
    "blob:",
    "about:blank#",
    "//",
    "///",
    "\\\\",
    "/\\",
    "http:",
    "http:/",
    "http:///",
    "http:\\\\",
    "urn:ietf:wg:oauth:2.0:oob?",
    "",
)


def disguises(registered: str) -> tuple[str, ...]:
    """Texts that are not `registered`, and which some comparison has taken for it."""
    return tuple(dict.fromkeys(text for text in _disguises(registered) if text != registered))


def _disguises(uri: str) -> Iterator[str]:
    parts = urlsplit(uri)
    host, path = parts.netloc, parts.path
    plain = f"{parts.scheme}://"
    yield from (f"{scheme}{host}{path}" for scheme in _SCHEMES)
    yield from _of_the_authority(plain, host, path)
    yield from _of_the_path(f"{plain}{host}", path, uri)
    # As a whole: encoded, in another case, padded.
    yield from (quote(uri, safe=""), quote(quote(uri, safe=""), safe=""), uri.upper(), uri.title(), uri.swapcase())
    yield from (
        f"{before}{uri}{after}" for before, after in ((" ", ""), ("", " "), ("\t", ""), ("", "\n"), ("\ufeff", ""))
    )
    yield from (
        f"{uri}\x00",
        f"{uri}\r\nX-Injected: 1",
        f"{uri},http://{_EVIL}/",
        f"{uri} http://{_EVIL}/",
        f"{uri}|{uri}",
    )
    yield from (
        f"{uri}é",
        uri.replace("a", "\u0430"),
        uri.replace(".", "\u3002"),
        uri.replace(".", "\uff0e"),
        uri.replace("/", "\u2044"),
    )
    yield "http://[" + "1:" * 400 + "]/"
    yield from (
        "http://[::1",
        "http://]",
        "http://[v1.x]/",
        "http://[::1%25eth0]/callback",
        "http://[::ffff:127.0.0.1]/callback",
    )


def _of_the_authority(plain: str, host: str, path: str) -> Iterator[str]:
    ats = ("@", "%40", "%2540", "@@", ":80@", "%25@", "%00@", "\\@", "/@", "?@", "#@", ".")
    yield from (f"{plain}{host}{at}{_EVIL}{path}" for at in ats)
    yield from (f"{plain}{_EVIL}{at}{host}{path}" for at in ats)
    yield from (
        f"{plain}{_EVIL}{sign}{host}{path}" for sign in ("\\", "/", "?", "#", "%2f", "%5c", "%23", "%3f", ";", "&")
    )
    ends = (
        f".{_EVIL}",
        f"{_EVIL}",
        ".",
        "..",
        ":",
        ":0",
        ":00080",
        ":65536",
        ":-1",
        ":+80",
        ":80:80",
        ":8\uff10",
        ": 80",
        ":80 ",
        ":80\t",
    )
    yield from (f"{plain}{host}{end}{path}" for end in ends)
    others = (
        *(
            "127.1",
            "127.0.1",
            "0x7f.0.0.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
            "127.0.0.2",
            "127.0.0.1.",
            "0",
            "0.0.0.0",
        ),
        *(
            "localhost.",
            "LOCALHOST",
            "localhost.evil.example",
            "localhostevil.example",
            "ⓛocalhost",
            "localhost%2eevil.example",
        ),
        *(
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::]",
            "[::ffff:7f00:1]",
            "[::1%25lo]",
            "[0::1]",
            "127\u30020\u30020\u30021",
            "\uff11\uff12\uff17.0.0.1",
            "①27.0.0.1",
        ),
    )
    yield from (f"{plain}{other}{path}" for other in others)
    yield from (f"https://{other}{path}" for other in (host, "127.0.0.1", "localhost"))


def _of_the_path(base: str, path: str, uri: str) -> Iterator[str]:
    yield from (
        f"{uri}{more}"
        for more in ("/", "//", "/.", "/..", "/../evil", "/..;/evil", "/%2e%2e/evil", "/%252e%252e/evil", "/..%2fevil")
    )
    yield from (
        f"{uri}{more}"
        for more in (
            "?",
            "?x=y",
            "?code=evil",
            "?state=x&code=y",
            "#",
            "#x",
            "#code=evil",
            "%23x",
            "%3fx",
            ";x",
            "&x=y",
        )
    )
    yield from (
        f"{uri}{more}"
        for more in ("*", "%", "%zz", "%2", "%00", "\\", "/\\evil", "%5cevil", "%0d%0aX-Injected:1", "%20", "+", ".")
    )
    yield from (
        f"{base}/{more}{path}" for more in (".", "..", "x/..", "%2e", "%2e%2e", ";", "", "..;", "..%2f", "\\..")
    )
    yield from (
        f"{base}{path.upper()}",
        f"{base}{path.replace('/', '%2f')}",
        f"{base}{path.replace('l', '%6c')}",
        f"{base}/{path}",
    )
