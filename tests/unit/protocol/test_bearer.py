"""The Authorization header, and challenges. RFC 6749 §2.3.1, RFC 6750 §2.1, RFC 7617, RFC 9110 §11."""

from base64 import b64encode
from contextlib import suppress
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.protocol.bearer import basic, bearer, challenge
from evergrant.protocol.errors import InvalidClient, InvalidToken

PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60)


def header(joined: str | bytes, scheme: str = "Basic") -> str:
    octets = joined if isinstance(joined, bytes) else joined.encode()
    return f"{scheme} {b64encode(octets).decode()}"


@given(PRINTABLE.filter(bool), PRINTABLE)
def test_identifier_and_secret_come_back_as_the_client_encoded_them(client_id: str, secret: str) -> None:
    found = basic(header(f"{quote_plus(client_id)}:{quote_plus(secret)}"))

    assert found is not None
    assert (found.client_id, found.secret.reveal()) == (client_id, secret)


def test_the_example_of_the_specification_is_read() -> None:
    """RFC 6749 §2.3.1."""
    found = basic("Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3")

    assert found is not None
    assert (found.client_id, found.secret.reveal()) == ("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw")
    assert "7Fjfp0ZBr1KtDRbnfVdmIw" not in repr(found)


@pytest.mark.parametrize("scheme", ["basic", "BASIC", " Basic", "bAsIc "])
def test_the_scheme_has_no_case(scheme: str) -> None:
    assert basic(header("a:b", scheme)) is not None


@pytest.mark.parametrize("value", [None, "", "Bearer abc", "DPoP abc", "Basically abc", "Digest x=1"])
def test_another_scheme_is_no_basic(value: str | None) -> None:
    assert basic(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "Basic",
        "Basic ",
        "Basic %%%",
        "Basic YTpi YTpi",
        "Basic YTpi,Basic YTpi",
        "Basic YTp",
        "Basic é",
        header("no-colon"),
        header(":secret"),
        header("a:%"),
        header("a:%zz"),
        header("a:%00"),
        header("a:%0d%0a"),
        header("a:%C3%A9"),
        header("a\n:b"),
        header(b"\xff\xfe:b"),
        header("é:b"),
        header("a:" + "b" * 8192),
    ],
    ids=range(18),
)
def test_malformed_credentials_are_invalid_client(value: str) -> None:
    with pytest.raises(InvalidClient) as caught:
        basic(value)

    assert caught.value.__cause__ is None


@given(st.text(), st.sampled_from(["Basic ", "Bearer ", ""]))
def test_any_header_is_read_or_refused_with_401(text: str, scheme: str) -> None:
    for read in (basic, bearer):
        with suppress(InvalidClient, InvalidToken):
            read(scheme + text)


def test_a_bearer_token_is_read_and_does_not_print() -> None:
    found = bearer("bearer  abc.DEF-_~+/==")

    assert found is not None
    assert (found.reveal(), str(found)) == ("abc.DEF-_~+/==", "<token>")
    for other in (None, "", "Basic YTpi", "DPoP abc", "Bearerabc"):
        assert bearer(other) is None


@pytest.mark.parametrize("token", ["", "a b", "a,b", 'a"', "a=b", "=", "é", "a\tb", "x" * 16_385], ids=range(9))
def test_what_can_be_no_token_is_invalid_token(token: str) -> None:
    with pytest.raises(InvalidToken):
        bearer(f"Bearer {token}")


def test_a_challenge_is_written_with_its_values_quoted() -> None:
    assert challenge("Bearer", {}) == "Bearer"
    assert challenge("Basic", {"realm": "https://id.example"}) == 'Basic realm="https://id.example"'
    assert (
        challenge("Bearer", {"error": "invalid_token", "error_description": 'a "quoted\\" text'})
        == 'Bearer error="invalid_token", error_description="a \\"quoted\\\\\\" text"'
    )


@given(st.text())
def test_a_challenge_never_holds_a_line_break_or_an_open_quotation(value: str) -> None:
    try:
        written = challenge("Bearer", {"error_description": value})
    except ValueError:
        assert not value.isascii() or not value.isprintable()
    else:
        inner = written.removeprefix('Bearer error_description="').removesuffix('"')
        assert written.isprintable()
        assert '"' not in inner.replace("\\\\", "").replace('\\"', "")


@pytest.mark.parametrize("name", ["", "a b", 'a"', "a\r\nSet-Cookie:", "é", "a=b"])
def test_a_challenge_has_no_odd_names(name: str) -> None:
    with pytest.raises(ValueError, match="token"):
        challenge(name, {})
    with pytest.raises(ValueError, match="token"):
        challenge("Bearer", {name: "x"})
