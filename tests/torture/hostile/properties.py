"""What must be true of each reader, whatever octets it is given. Needs nothing but the package.

Each property takes octets and raises AssertionError, or lets through an exception that is not the reader's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Final, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.requests import Request

from evergrant.app.durations import parse_duration, show_duration
from evergrant.protocol.bearer import MAX_CHALLENGES, basic, bearer, challenge, challenges
from evergrant.protocol.errors import (
    InvalidClient,
    InvalidRequest,
    InvalidScope,
    InvalidToken,
    PayloadTooLarge,
    UnsupportedMediaType,
)
from evergrant.protocol.forms import MAX_BYTES, MAX_FIELDS, Form, read_form, read_query
from evergrant.protocol.prompts import parse_max_age, parse_prompt
from evergrant.protocol.redirects import BadRedirectUri, check_registrable, is_loopback, matches, origin, respond
from evergrant.protocol.scope import MAX_TOKENS, Scope
from evergrant.server.http.cookies import read_browser
from evergrant.server.http.forwarded import client_address, prefix
from evergrant.server.issuer import Issuer
from tests.torture.hostile import signed

Property = Callable[[bytes], None]

_FORM: Final = "application/x-www-form-urlencoded"
_REGISTERED: Final = (
    "https://app.example/callback",
    "http://127.0.0.1/callback",
    "http://localhost:3000/callback?tenant=1",
    "http://[::1]/callback",
    "com.example.app:/callback",
)


def form(octets: bytes) -> None:
    """A form is read as the standard library reads it, strictly, or not at all; and is the same when read again."""
    try:
        found = read_form(octets, _FORM)
    except (InvalidRequest, PayloadTooLarge):
        return
    assert len(octets) <= MAX_BYTES
    pairs = [(name, value) for name in found.fields for value in found.all(name)]
    assert len(pairs) <= MAX_FIELDS
    assert all(value and "\0" not in name + value for name, value in pairs)
    if octets.isascii():
        strict = parse_qsl(octets.decode(), keep_blank_values=True, errors="strict")
        assert sorted(pairs) == sorted((name, value) for name, value in strict if value)
    again = urlencode(pairs).encode()
    if len(again) <= MAX_BYTES:
        assert read_query(again) == found


def content_type(octets: bytes) -> None:
    """A body is taken for a form, or refused; never read in another character set."""
    try:
        found = read_form(b"a=%C3%A9", octets.decode("latin-1"))
    except UnsupportedMediaType:
        return
    assert found.get("a") == "é"


def credentials(octets: bytes) -> None:
    """HTTP Basic: who was read writes the same header again."""
    header = octets.decode("latin-1")
    try:
        found = basic(header)
    except InvalidClient:
        return
    if found is not None:
        plain = f"{found.client_id}{found.secret.reveal()}"
        assert found.client_id
        assert plain.isascii()
        assert plain.isprintable()


def token(octets: bytes) -> None:
    """A bearer token has no character that could end it."""
    header = octets.decode("latin-1")
    try:
        found = bearer(header)
    except InvalidToken:
        return
    if found is not None:
        text = found.reveal()
        assert text
        assert text in header
        assert text.isascii()
        assert not set(text) & set(" ,;\"'<>\\\t\r\n")


def challenged(octets: bytes) -> None:
    """A challenge that was read can be written and is the same when read again; reading never fails."""
    header = octets.decode("latin-1")
    found = challenges(header)
    if len(header) > MAX_CHALLENGES:
        return
    for one in found:
        assert one.scheme == one.scheme.lower()
        if all(value.isascii() and value.isprintable() for value in one.parameters.values()):
            assert challenges(challenge(one.scheme, one.parameters)) == (one,)


def registrable(octets: bytes) -> None:
    """A redirect URI that may be registered means the same to another reader, and only itself is it."""
    uri = octets.decode("utf-8", "surrogateescape")
    for kind in ("web", "native"):
        try:
            check_registrable(uri, kind=kind)
        except BadRedirectUri:
            continue
        parts = urlsplit(uri)
        assert uri.isascii()
        assert uri.isprintable()
        assert not set(uri) & set("\\ \"'<>^`{|}#*") - {"'"}
        assert parts.username is None
        assert parts.fragment == ""
        assert parts.scheme == "https" or (is_loopback(uri) if parts.scheme == "http" else "." in parts.scheme)
        assert matches(uri, uri)
        answered = respond(uri, {"code": "a b&c=#", "state": uri})
        added = parse_qsl(urlsplit(answered).query, keep_blank_values=True)
        assert added[-2:] == [("code", "a b&c=#"), ("state", uri)]
        assert [name for name, _ in added].count("code") == 1
        assert answered.startswith(uri)
        at = origin(uri)
        assert at is None or uri.startswith(at)


def compared(octets: bytes) -> None:
    """Nothing is taken for a registered URI but itself, and with a loopback address any port."""
    shown = octets.decode("utf-8", "surrogateescape")
    for known in _REGISTERED:
        if matches(known, shown) and known != shown:
            assert is_loopback(known)
            ours, theirs = urlsplit(known), urlsplit(shown)
            assert (ours.scheme, ours.hostname, ours.path, ours.query) == (
                theirs.scheme,
                theirs.hostname,
                theirs.path,
                theirs.query,
            )
            assert theirs.username is None
            assert theirs.fragment == ""
            assert 1 <= (theirs.port or 80) <= 65_535


def scope(octets: bytes) -> None:
    """A scope is what it prints."""
    try:
        found = Scope.parse(octets.decode("utf-8", "surrogateescape"))
    except InvalidScope:
        return
    assert Scope.parse(str(found)) == found
    assert len(found) == len(set(found)) <= MAX_TOKENS
    assert all(word.isascii() and " " not in word and '"' not in word for word in found)


def prompts(octets: bytes) -> None:
    """How much a person wants to be asked: known words, and a number of bounded length."""
    text = octets.decode("utf-8", "surrogateescape")
    for read in (parse_prompt, parse_max_age):
        try:
            read(text)
        except InvalidRequest:
            continue


def duration(octets: bytes) -> None:
    """A length of time is what it is shown as."""
    try:
        millis = parse_duration(octets.decode("utf-8", "surrogateescape"))
    except ValueError:
        return
    assert millis >= 0
    assert parse_duration(show_duration(millis)) == millis


def cookies(octets: bytes) -> None:
    """What is read of a browser stood in its header, once."""
    request = Request({"type": "http", "headers": [(b"cookie", line) for line in octets.split(b"\n")]})
    issuer = cast(Issuer, SimpleNamespace(realm_name="default", secure=False))
    browser = read_browser(request, issuer)
    for secret in (browser.id, browser.session):
        assert secret is None or secret.reveal().encode("latin-1") in octets
    names = [pair.partition(b"=")[0].strip() for line in octets.split(b"\n") for pair in line.split(b";")]
    if browser.session is not None:
        assert b"eg_session" in octets
        assert names.count(b"eg_session") <= 1


def whereabouts(octets: bytes) -> None:
    """Whatever a proxy is said to have said, there is a network or none."""
    kind, _, said = octets.partition(b"\n")
    scope = {
        "type": "http",
        "client": ("127.0.0.1", 1),
        "headers": [(b"forwarded" if kind == b"f" else b"x-forwarded-for", said)],
    }
    found = prefix(client_address(scope, (signed.LOOPBACK,)))
    assert found.isascii()
    assert found.endswith(("/24", "/48"))


def sent_on(octets: bytes) -> None:
    """What a client wants back comes back as it was, and brings nothing of its own."""
    state = octets.decode("utf-8", "replace")
    answered = respond("https://app.example/callback?a=b", {"state": state, "iss": "https://as.example"})
    assert parse_qsl(urlsplit(answered).query, keep_blank_values=True)[1:] == [
        ("state", state),
        ("iss", "https://as.example"),
    ]
    assert answered.isascii()
    assert answered.endswith(quote("https://as.example", safe=""))
    assert Form.of({"state": state}).get("state") == (state or None)


PROPERTIES: Final[Mapping[str, Property]] = {
    "form": form,
    "content-type": content_type,
    "basic": credentials,
    "bearer": token,
    "challenge": challenged,
    "redirect-uri": registrable,
    "redirect-match": compared,
    "state": sent_on,
    "scope": scope,
    "prompt": prompts,
    "duration": duration,
    "cookie": cookies,
    "forwarded": whereabouts,
    **signed.PROPERTIES,
}
"""By the name of the folder with their corpus."""
