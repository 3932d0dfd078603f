"""Redirect URIs. RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §4.1; S-001, R-030 to R-033, Q-12."""

import string
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evergrant.protocol.redirects import (
    RESPONSE_PARAMETERS,
    BadRedirectUri,
    Kind,
    check_registrable,
    is_loopback,
    matches,
    origin,
    respond,
)

WEB = [
    "https://app.example",
    "https://app.example/",
    "https://app.example/callback",
    "https://app.example:8443/callback?tenant=a&x=%C3%A9",
    "https://a-b.app.example/deep/er/call.back~1;v=2",
    "https://xn--bcher-kva.example/cb",
    "https://intranet/cb",
    "https://10.0.0.5/cb",
    "https://[2001:db8::1]/cb",
    "http://127.0.0.1/cb",
    "http://127.0.0.1:8765/cb?x=1",
    "http://[::1]:8765/cb",
    "http://localhost:3000/cb",
    "http://localhost",
]
NATIVE = [
    "com.example.app:/callback",
    "com.example.app:/oauth2redirect/example-provider",
    "com.example.app://callback",
    "com.example.app://auth/callback?x=1",
]
NEVER = [
    # normalising, prefix and wildcard comparisons
    "https://app.example/..;/evil",
    "https://app.example/a/../b",
    "https://app.example/./b",
    "https://app.example/a/..",
    "https://app.example/%2e%2e/b",
    "https://app.example/%2E./b",
    "https://app.example/%2e%2e;x/b",
    "https://app.example/%252e%252e/b",
    "https://app.example/a%2fb",
    "https://app.example/a%5cb",
    "https://app.example/a%25b",
    "https://app.example/%00",
    "https://app.example/%0d%0aSet-Cookie:x",
    "https://app.example/cb?x=%0a",
    "https://user@app.example/cb",
    "https://user:password@app.example/cb",
    "https://app.example@evil.example/cb",
    "https://a@b@c@evil.example/cb",
    "https://app.example%40evil.example/cb",
    "https://app.example%2540evil.example/cb",
    "https://app.example/cb#fragment",
    "https://app.example/cb#",
    "https://app.example\\@evil.example/cb",
    "https:\\\\app.example\\cb",
    "https:/app.example/cb",
    "https:app.example/cb",
    "//app.example/cb",
    "/cb",
    "cb",
    "",
    "https://",
    "https:///cb",
    "https://*.app.example/cb",
    "https://app.example/*",
    "*",
    "https://app.example/cb?*",
    "https://app..example/cb",
    "https://.app.example/cb",
    "https://app.example./cb",
    "https://-app.example/cb",
    "https://app_x.example/cb",
    "https://APP.example/cb",
    "HTTPS://app.example/cb",
    "https://bücher.example/cb",
    "https://app.example/é",
    "https://app.example/\u202ecb",
    "https://app.example/c b",
    "https://app.example/cb\n",
    "\thttps://app.example/cb",
    "https://app.example/cb\x00",
    "https://app.example/%",
    "https://app.example/%4",
    "https://app.example/<b>",
    'https://app.example/"',
    "https://app.example:0/cb",
    "https://app.example:65536/cb",
    "https://app.example:080/cb",
    "https://app.example:/cb",
    "https://app.example:8x/cb",
    "https://" + "a" * 64 + ".example/cb",
    "https://app.example/" + "a" * 2000,
    # schemes
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\nscript:alert(1)",
    " javascript:alert(1)",
    "\x01javascript:alert(1)",
    "javascript://app.example/%0aalert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "ftp://app.example/cb",
    "ws://app.example/cb",
    "blob:https://app.example/x",
    "about:blank",
    "urn:ietf:wg:oauth:2.0:oob",
    "myapp:/callback",
    "myapp://callback",
    "Com.Example.App:/callback",
    "com.example.app:callback",
    "com.example.app://user@host/cb",
    "com.example.app://host:80/cb",
    "com.example.app:////host/cb",
    "org.sample.app:",
    "org.sample.app:?x=1",
    "com.example.app:/../cb",
    ".app:/callback",
    "1com.example:/callback",
    # what looks like this device and is not, or is it in disguise
    "http://app.example/cb",
    "http://localhost.evil.example/cb",
    "http://localhost.:3000/cb",
    "http://127.0.0.1.evil.example/cb",
    "http://127.0.0.1@evil.example/cb",
    "http://evil.example#127.0.0.1",
    "http://127.1/cb",
    "http://127.0.0.2/cb",
    "http://127.0.0.01/cb",
    "http://0177.0.0.1/cb",
    "http://0x7f.1/cb",
    "http://2130706433/cb",
    "http://0.0.0.0/cb",
    "http://[::]/cb",
    "http://[::ffff:127.0.0.1]/cb",
    "http://[0:0:0:0:0:0:0:1]/cb",
    "http://[::1%25lo]/cb",
    "http://[::1/cb",
    "http://LOCALHOST/cb",
    "https://127.1/cb",
    "https://0x7f.1/cb",
    "https://0x7f000001/cb",
    "https://2130706433/cb",
    "https://010.0.0.1/cb",
    "https://1.2.3.4.5/cb",
    "https://app.example.0x/cb",
    "https://0.0.0.0/cb",
    "https://[::]/cb",
    "https://[::ffff:10.0.0.1]/cb",
    "https://[2001:DB8::1]/cb",
    "https://[2001:db8:0:0::1]/cb",
    "https://[fe80::1%25eth0]/cb",
]
LOOPBACK = [uri for uri in WEB if uri.startswith("http://")]


@pytest.mark.parametrize("uri", WEB)
@pytest.mark.parametrize("kind", ["web", "native"])
def test_a_canonical_https_or_loopback_uri_may_be_registered(uri: str, kind: Kind) -> None:
    check_registrable(uri, kind=kind)


@pytest.mark.parametrize("uri", NATIVE)
def test_a_private_use_scheme_is_for_native_applications(uri: str) -> None:
    check_registrable(uri, kind="native")

    with pytest.raises(BadRedirectUri, match="native"):
        check_registrable(uri, kind="web")


@pytest.mark.parametrize("uri", NEVER, ids=range(len(NEVER)))
@pytest.mark.parametrize("kind", ["web", "native"])
def test_r030_r033_q12_no_other_uri_may_be_registered(uri: str, kind: Kind) -> None:
    with pytest.raises(BadRedirectUri) as caught:
        check_registrable(uri, kind=kind)

    assert caught.value.remedy
    assert len(uri) < 12 or uri not in str(caught.value)


@pytest.mark.parametrize("name", sorted(RESPONSE_PARAMETERS))
def test_r032_a_registered_query_has_none_of_our_parameters(name: str) -> None:
    for query in (f"{name}=x", f"{name}", f"a=1&{name}=", f"%{ord(name[0]):02x}{name[1:]}=x"):
        with pytest.raises(BadRedirectUri, match="parameter"):
            check_registrable(f"https://app.example/cb?{query}", kind="web")


@given(st.text())
def test_r033_any_text_is_registrable_or_refused_and_never_another_scheme(text: str) -> None:
    for uri in (text, f"https://{text}", f"https://app.example/{text}", f"http://localhost{text}"):
        try:
            check_registrable(uri, kind="native")
        except BadRedirectUri:
            continue
        parts = urlsplit(uri)
        assert parts.scheme in ("http", "https") or "." in parts.scheme
        assert parts.scheme != "http" or parts.hostname in ("localhost", "127.0.0.1", "::1")
        assert not parts.fragment
        assert parts.username is None
        assert uri.isascii()
        assert uri.isprintable()


@given(st.sampled_from([uri for uri in WEB + NATIVE if uri not in LOOPBACK]), st.data())
def test_s001_any_change_of_one_character_is_another_uri(registered: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(registered)))
    other = data.draw(st.one_of(st.sampled_from(string.printable), st.characters()))
    changed = data.draw(
        st.sampled_from(
            [
                registered[:at] + other + registered[at + 1 :],
                registered[:at] + other + registered[at:],
                registered[:at] + registered[at + 1 :],
            ]
        )
    )
    assume(changed != registered)

    assert matches(registered, registered)
    assert not matches(registered, changed)
    assert not matches(changed, registered)


@given(st.sampled_from(LOOPBACK), st.integers(1, 65535))
def test_s001_the_port_of_a_loopback_uri_is_free(registered: str, port: int) -> None:
    """RFC 8252 §7.3."""
    parts = urlsplit(registered)
    host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc

    assert is_loopback(registered)
    assert matches(registered, parts._replace(netloc=f"{host}:{port}").geturl())
    assert matches(registered, parts._replace(netloc=host).geturl())


@given(st.sampled_from(LOOPBACK), st.data())
def test_s001_all_else_of_a_loopback_uri_is_exact(registered: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(registered)))
    other = data.draw(st.characters(exclude_characters=string.digits))
    changed = data.draw(
        st.sampled_from([registered[:at] + other + registered[at + 1 :], registered[:at] + other + registered[at:]])
    )
    assume(changed != registered)
    # Only a digit of the port, or the port as a whole, may differ.
    same_but_port = changed.replace(":", "") == registered.replace(":", "")

    assert not matches(registered, changed) or same_but_port


@pytest.mark.parametrize(
    "presented",
    [
        "http://localhost:3000/cb",
        "http://[::1]:3000/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:080/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:3000@evil.example/cb",
        "http://127.0.0.1:3000.evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:3000/cb/",
        "http://127.0.0.1:3000/cb?x",
        "http://127.0.0.1:3000/cb#x",
        "http://127.0.0.1:3000/cb\n",
        "http://127.0.0.1:3000/x/../cb",
        "http://127.0.0.1:\u0663000/cb",
        "https://127.0.0.1:3000/cb",
        "http://127.1:3000/cb",
        "",
    ],
)
def test_q12_what_only_resembles_a_loopback_uri_is_another(presented: str) -> None:
    assert not matches("http://127.0.0.1/cb", presented)
    assert not matches("http://127.0.0.1:8080/cb", presented)


@pytest.mark.parametrize("presented", NEVER, ids=range(len(NEVER)))
def test_r030_nothing_of_the_corpus_matches_what_may_be_registered(presented: str) -> None:
    assert not any(matches(registered, presented) for registered in WEB + NATIVE)


def test_the_port_of_an_https_uri_is_not_free() -> None:
    assert not matches("https://app.example/cb", "https://app.example:443/cb")
    assert not matches("https://localhost/cb", "https://localhost:1/cb")


@given(
    st.sampled_from(WEB + NATIVE),
    st.dictionaries(
        st.sampled_from(sorted(RESPONSE_PARAMETERS)), st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
    ),
)
def test_r032_an_answer_has_our_parameters_and_the_registered_query_only(uri: str, parameters: dict[str, str]) -> None:
    answer = respond(uri, parameters)
    before, after = urlsplit(uri), urlsplit(answer)

    assert (after.scheme, after.netloc, after.path, after.fragment) == (
        before.scheme,
        before.netloc,
        before.path,
        "",
    )
    assert parse_qsl(after.query, keep_blank_values=True) == [*parse_qsl(before.query), *parameters.items()]
    assert answer.isascii()
    assert answer.isprintable()
    assert " " not in answer


@pytest.mark.parametrize(
    "state", ["a&code=x", "a%26code%3Dx", "a#code=x", "a\r\nLocation: x", "a;code=x", "é €", "+ %20"]
)
def test_r032_a_state_comes_back_as_it_was_and_brings_nothing(state: str) -> None:
    query = urlsplit(respond("https://app.example/cb", {"code": "right", "state": state})).query

    assert parse_qs(query) == {"code": ["right"], "state": [state]}


def test_an_answer_joins_the_query_that_is_there() -> None:
    assert respond("https://a.example/cb", {"code": "x"}) == "https://a.example/cb?code=x"
    assert respond("https://a.example/cb?", {"code": "x"}) == "https://a.example/cb?code=x"
    assert respond("https://a.example/cb?a=1", {"code": "x"}) == "https://a.example/cb?a=1&code=x"
    assert respond("https://a.example/cb?a=1&", {"code": "x"}) == "https://a.example/cb?a=1&code=x"
    assert respond("https://a.example/&", {"code": "x"}) == "https://a.example/&?code=x"
    assert respond("com.example.app:/cb", {"iss": "https://i"}) == "com.example.app:/cb?iss=https%3A%2F%2Fi"
    with pytest.raises(ValueError, match="fragment"):
        respond("https://a.example/cb#x", {"code": "x"})


@pytest.mark.parametrize(
    ("uri", "named"),
    [
        ("https://app.example/cb?x=1", "https://app.example"),
        ("https://app.example:8443/cb", "https://app.example:8443"),
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1:3000"),
        ("http://localhost", "http://localhost"),
        ("com.example.app:/cb", "com.example.app:"),
        ("http://[::1]:3000/cb", None),
        ("javascript:alert(1)", None),
        ("https://a.example;script-src/cb", None),
        ("https://a.example 'unsafe-inline'/cb", None),
        ("", None),
    ],
)
def test_an_origin_is_named_as_a_content_security_policy_needs_it(uri: str, named: str | None) -> None:
    assert origin(uri) == named


@given(st.text())
def test_an_origin_never_brings_another_directive(text: str) -> None:
    for uri in (text, f"https://{text}", f"com.example.{text}:/"):
        named = origin(uri) or ""
        assert not any(character in named for character in " ;,'\"\r\n\t*")
