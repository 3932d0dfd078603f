"""What may stand in a request's line and in its best known headers, by whoever means no good."""

from typing import Final

from tests.torture.hostile.values import MARK

# All that the server's parser knows. CONNECT and what it does not know change how the rest is read: see framing.py.
METHODS: Final = (
    *(b"GET", b"POST", b"HEAD", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"PROPFIND", b"MKCOL", b"COPY"),
    *(b"LOCK", b"SEARCH", b"PURGE", b"MERGE", b"SUBSCRIBE", b"LINK", b"REPORT", b"SOURCE"),
)
FORM: Final = b"application/x-www-form-urlencoded"
CONTENT_TYPES: Final = (
    *(
        b"",
        b";",
        b",",
        b"*/*",
        b"text/plain",
        b"application/json",
        b"text/xml",
        b"multipart/form-data",
        b"application/jwt",
    ),
    *(
        b"multipart/form-data; boundary=x",
        b"multipart/form-data; boundary=" + b"x" * 9_000,
        FORM.upper(),
        FORM + b"x",
    ),
    *(FORM + b"; charset=utf-8", FORM + b';charset="UTF-8"', FORM + b"; charset=utf-7", FORM + b"; charset=utf-16"),
    *(
        FORM + b"; charset=latin-1",
        FORM + b"; charset=",
        FORM + b"; charset=" + MARK,
        FORM + b";;;==;;",
        FORM + b", text/plain",
    ),
    *(
        b"\xff" + FORM,
        FORM + b"\xff",
        FORM + b"; charset=utf-8; charset=utf-16",
        b" " * 3_000 + FORM,
        FORM + b";" * 5_000,
    ),
)
ENCODINGS: Final = (
    b"gzip",
    b"deflate",
    b"br",
    b"zstd",
    b"compress",
    b"identity",
    b"chunked",
    b"gzip, gzip",
    b"",
    MARK,
)
PATHS: Final = (
    *(
        b"/",
        b"//",
        b"/.",
        b"/..",
        b"/../token",
        b"/%2e%2e/token",
        b"/%2e",
        b"/;x",
        b"/token/",
        b"//token",
        b"/TOKEN",
        b"/token;x=y",
    ),
    *(
        b"/token%00",
        b"/token%20",
        b"/token%2f",
        b"/%74oken",
        b"/token\\",
        b"/token.json",
        b"/.well-known/",
        b"/.well-known/../token",
    ),
    *(
        b"/static/..%2f..%2fetc/passwd",
        b"/static/%2e%2e/%2e%2e/secret",
        b"/static/....//",
        b"/static/%00",
        b"/static//etc/passwd",
    ),
    *(
        b"/realms//token",
        b"/realms/default/token",
        b"/realms/%2e%2e/token",
        b"/realms/" + b"x" * 3_000 + b"/token",
        b"/realms/%00/jwks",
    ),
    *(
        b"/realms/" + MARK + b"%3Cb%3E/authorize",
        b"/realms/%ff%fe/token",
        b"/realms/%0d%0aX-Injected:1/logout",
        b"/realms/a/realms/b/token",
    ),
    *(
        b"/" + b"a" * 20_000,
        b"/%ff",
        b"/%c0%af",
        b"/%",
        b"/%zz",
        b"/" + MARK + b"'\"<q",
        b"/?" + MARK,
        b"/healthz?x=" + MARK,
        b"/" + b"/a" * 3_000,
    ),
)
HOSTS: Final = (
    *(
        b"",
        b"evil.example",
        b"localhost",
        b"LOCALHOST:1",
        b"localhost:0",
        b"localhost:99999",
        b"localhost:abc",
        b"a" * 5_000,
        b"[::1",
        b"[::1]:80",
    ),
    *(
        b"localhost@evil.example",
        b"evil.example/localhost",
        b"localhost\xff",
        b"127.1",
        b"localhost, evil.example",
        MARK + b"<q",
        b"localhost#",
        b"%6cocalhost",
    ),
)
ORIGINS: Final = (
    b"null",
    b"http://evil.example",
    b"",
    b"http://",
    b"*",
    b"file://",
    MARK + b"<q",
    b"http://localhost:1",
    b"http://a b",
    b"\xff",
)
SITES: Final = (
    b"cross-site",
    b"same-site",
    b"none",
    b"same-origin",
    b"",
    b"SAME-ORIGIN",
    MARK,
    b"same-origin, cross-site",
)
