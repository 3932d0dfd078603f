"""Parameters as read. RFC 6749 §3.1, §3.2, appendix B."""

from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.protocol.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType
from evergrant.protocol.forms import NAMED, REPEATABLE, Form, read_form, read_query

FORM = "application/x-www-form-urlencoded"
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


@given(st.dictionaries(TEXT, TEXT, max_size=20))
def test_what_was_encoded_is_read(fields: Mapping[str, str]) -> None:
    form = read_form(urlencode(fields).encode(), FORM)

    assert {name: form.get(name) for name in form.names()} == {n: v for n, v in fields.items() if v}


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_as_an_invalid_request(raw: bytes) -> None:
    with suppress(InvalidRequest):
        form = read_query(raw)
        assert all(form.require(name) for name in form.names() - REPEATABLE)


@pytest.mark.parametrize(
    "content_type",
    [
        FORM,
        f"{FORM};charset=UTF-8",
        f'{FORM}; charset="utf-8"',
        f"{FORM} ; Charset=utf8",
        FORM.upper(),
        f"{FORM};",
        f"{FORM}; q=1",
    ],
)
def test_a_form_may_say_that_it_is_utf_8(content_type: str) -> None:
    assert read_form(b"grant_type=refresh_token", content_type).get("grant_type") == "refresh_token"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        f"{FORM};charset=latin1",
        f"x{FORM}",
    ],
)
def test_another_content_type_is_415(content_type: str | None) -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        read_form(b"grant_type=refresh_token", content_type)

    assert (caught.value.code, caught.value.status) == ("invalid_request", 415)


@pytest.mark.parametrize("name", sorted(NAMED - REPEATABLE))
@pytest.mark.parametrize("query", ["{0}=a&{0}=b", "{0}=a&{0}=a", "{0}=a&x=1&{0}=", "{0}=&{0}=a", "{0}&{0}"])
def test_s018_a_repeated_parameter_is_refused_by_name(name: str, query: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^invalid_request: The parameter {name} is repeated"):
        read_query(query.format(name).encode())


def test_s018_a_parameter_is_repeated_however_its_name_is_written() -> None:
    with pytest.raises(InvalidRequest, match="scope is repeated"):
        read_query(b"scope=a&sc%6fpe=b")


@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=4).filter(
        lambda n: n not in NAMED
    )
)
def test_s127_a_name_that_is_not_ours_is_not_sent_back(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_query(urlencode([(name, "1"), (name, "2")]).encode())

    assert caught.value.description == "A parameter is repeated."


@pytest.mark.parametrize("name", sorted(REPEATABLE))
def test_a_resource_may_repeat_but_not_where_one_is_wanted(name: str) -> None:
    """RFC 8707 §2."""
    form = read_query(f"{name}=a&{name}=&{name}=b".encode())

    assert form.all(name) == ("a", "b")
    with pytest.raises(InvalidRequest, match="once"):
        form.get(name)
    assert read_query(f"{name}=a".encode()).get(name) == "a"


def test_an_empty_value_counts_as_omitted() -> None:
    """RFC 6749 §3.1; S-005: an empty verifier is no verifier."""
    form = read_query(b"code_verifier=&scope&code=x&&=")

    assert form.names() == {"code"}
    assert form.get("code_verifier") is None
    assert "scope" not in form
    assert form.all("scope") == ()
    with pytest.raises(InvalidRequest, match="code_verifier is missing"):
        form.require("code_verifier")


@pytest.mark.parametrize("raw", [b"a=%", b"a=%4", b"a=%zz", b"a=%4g", b"%=a", b"a=%u0041", b"a=%%41"])
def test_a_broken_escape_is_refused_and_not_repaired(raw: bytes) -> None:
    with pytest.raises(InvalidRequest, match="percent"):
        read_query(raw)


@pytest.mark.parametrize("raw", [b"a=\xff", b"a=%FF", b"a=%C0%80", b"a=%ED%A0%80", b"%e9=a", b"a=%F8%88%80%80%80"])
def test_what_is_not_utf_8_is_refused_without_being_quoted(raw: bytes) -> None:
    with pytest.raises(InvalidRequest, match="UTF-8") as caught:
        read_query(raw)

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("raw", [b"a=%00", b"a=x\0y", b"%00=a"])
def test_a_nul_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidRequest, match="NUL"):
        read_query(raw)


def test_text_may_be_utf_8_with_and_without_escapes() -> None:
    raw = "password=pässwörd €".encode()

    assert read_query(raw).get("password") == "pässwörd €"
    assert read_query(b"password=" + quote_from_bytes(raw[9:]).encode()).get("password") == "pässwörd €"
    assert read_query(b"scope=a+b%2Bc").get("scope") == "a b+c"


def test_sizes_are_bounded() -> None:
    assert read_query(b"code=" + b"x" * 8192).get("code") == "x" * 8192
    assert read_query(b"state=" + b"x" * 4096).get("state") == "x" * 4096
    assert len(read_query("&".join(f"p{n}=1" for n in range(100)).encode()).names()) == 100

    with pytest.raises(InvalidRequest, match="The parameter code is longer than 8192 bytes"):
        read_query(b"code=" + b"x" * 8193)
    with pytest.raises(InvalidRequest, match="The parameter state is longer than 4096 bytes"):
        read_query(b"state=" + "é".encode() * 2049)
    with pytest.raises(InvalidRequest, match="A parameter is longer"):
        read_query(b"oddity=" + b"x" * 8193)
    with pytest.raises(InvalidRequest, match="100 parameters"):
        read_query("&".join(f"p{n}=1" for n in range(101)).encode())
    with pytest.raises(PayloadTooLarge):
        read_form(b"&" * (64 * 1024 + 1), FORM)


def test_a_form_prints_names_we_know_and_no_value() -> None:
    form = read_query(b"password=hunter2&username=ada&evil%0Aname=x")

    assert repr(form) == "Form(password, username)"
    assert str(form.secret("password")) == "<token>"
    assert form.secret("client_secret") is None


def test_a_form_can_be_made_of_parameters_that_were_read_before() -> None:
    assert Form.of({"scope": "a", "state": ""}) == read_query(b"scope=a&state=")
