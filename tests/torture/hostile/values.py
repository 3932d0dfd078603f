"""Texts that have confused one program or another, and the ways to write them."""

from random import Random
from typing import Final
from urllib.parse import quote_from_bytes

MARK: Final = b"h0stile"
"""In every text of ours: where it turns up again, an input was sent back."""

PROBES: Final = tuple(MARK + sign + b"q" for sign in (b"<", b">", b'"', b"'"))
"""In HTML each of these would have escaped its place."""

INJECTED: Final = b"x-injected"

_MARKED: Final = (
    b"".join(PROBES),
    b"<script>alert('" + MARK + b"')</script>",
    b'"><img src=x onerror=' + MARK + b'>"h0stile"q',
    MARK + b"'q onmouseover=x",
    MARK + b"\r\nX-Injected: 1",
    MARK + b"\nX-Injected: 1\n\n<b>",
    MARK + b"\r\n\r\nHTTP/1.1 200 OK\r\nX-Injected: 1\r\n\r\n",
    MARK + "\u2028X-Injected: 1".encode(),
    MARK + "嘊嘍X-Injected: 1".encode(),
    b"{{" + MARK + b".__class__}}{%25 raw %25}{{7*7}}",
    b"${jndi:ldap://127.0.0.1/" + MARK + b"}",
    b"'; DROP TABLE grants; --" + MARK,
    b"' OR '1'='1" + MARK,
    b"../../../../etc/passwd" + MARK,
    b"%s%n%x{0.__class__}" + MARK,
    b"javascript:alert(1)//" + MARK,
    b"data:text/html,<b>" + MARK,
    b"http://evil.example/" + MARK,
)
_UNICODE: Final = tuple(
    text.encode()
    for text in (
        "\u202eh0stile\u202c",
        "\u2066h0stile\u2069",
        "h0\u200dstile\u200b",
        "\ufeffh0stile",
        "é e\u0301 ﬃ \u017f K İ \u0131 ß ẞ",
        "a\u0300" * 200,
        "👩‍👩‍👧‍👦🏳️‍🌈",
        "\U0010ffff\ufffe\ufdd0",
        "\u0430dmin",
        "ada\u00ad",
        "\uff21\uff44\uff41",
        "\x7f\x80\x9f\u0085",
    )
)
_BROKEN: Final = (
    b"\x00",
    b"h0stile\x00tail",
    b"\xed\xa0\x80",
    b"\xed\xa0\xbd\xed\xb8\x80",
    b"\xc0\xaf",
    b"\xe0\x80\xaf",
    b"\xf0\x80\x80\xaf",
    b"\xf8\x88\x80\x80\x80",
    b"\xc3",
    b"\xff\xfe",
    b"\xf4\x90\x80\x80",
    bytes(range(1, 32)),
)
_NUMBERS: Final = (
    *(b"0", b"-0", b"-1", b"1e999", b"1E5", b"0x10", b"0b1", b"1_000", "١٢٣".encode(), b"1.5", b"NaN", b"Infinity"),
    *(b"9007199254740993", b"4294967296", b"18446744073709551616", b"9" * 400, b"-" + b"9" * 5_000),
)
_OTHER_TYPES: Final = (
    b"null",
    b"true",
    b"[]",
    b"{}",
    b'["a","a"]',
    b'{"$ne":1}',
    b"undefined",
    b"[object Object]",
    b"None",
    b"",
    b" ",
    b"\t",
    b"+",
    b"&",
    b"=",
    b";",
    b"%",
    b"#",
    b"\\",
    b"/",
    b"//",
    b"*",
)
_LONG: Final = (b"a" * 2_049, b"a" * 4_097, b"a" * 8_193, b" " * 3_000, b"a " * 1_500, b"(" * 5_000)

TEXTS: Final = (*_MARKED, *_MARKED, *_UNICODE, *_BROKEN, *_NUMBERS, *_OTHER_TYPES, *_LONG)


def text(chance: Random) -> bytes:
    """One of them, or two joined."""
    found = chance.choice(TEXTS)
    return found if chance.random() < 0.8 else found + chance.choice((b" ", b",", b"")) + chance.choice(TEXTS)


def written(value: bytes, chance: Random) -> bytes:
    """`value` as it may stand in a form: well, twice encoded, with bad escapes, or as it is."""
    way = chance.random()
    if way < 0.6:
        return quote_from_bytes(value, safe="").encode()
    if way < 0.7:
        return quote_from_bytes(quote_from_bytes(value, safe="").encode(), safe="").encode()
    if way < 0.78:
        return b"".join(b"%%%02x" % octet for octet in value[:2_000])
    if way < 0.84:
        return value.replace(b" ", b"+")
    if way < 0.92:
        return quote_from_bytes(value, safe="").encode() + chance.choice(
            (
                b"%",
                b"%4",
                b"%zz",
                b"%u0041",
                b"%%41",
                b"% 41",
                b"%-1",
                b"%00",
                b"%0d%0aX-Injected:1",
                b"%c0%ae",
                b"%ed%a0%80",
            )
        )
    return value


def of_a_header(value: bytes) -> bytes:
    """`value` without what would end a header line: those that do are shapes of their own."""
    return value.replace(b"\r", b"%0d").replace(b"\n", b"%0a").replace(b"\0", b"%00")
