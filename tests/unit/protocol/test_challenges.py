"""What a client reads in `WWW-Authenticate`. RFC 9110 §11.6.1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.protocol.bearer import Challenge, challenge, challenges


@pytest.mark.parametrize(
    ("header", "read"),
    [
        ("Bearer", [("bearer", {})]),
        ('Bearer realm="a", error="invalid_token"', [("bearer", {"realm": "a", "error": "invalid_token"})]),
        ("bearer ERROR=invalid_token", [("bearer", {"error": "invalid_token"})]),
        ('Bearer error = "a" , scope="b c"', [("bearer", {"error": "a", "scope": "b c"})]),
        (r'Bearer realm="a \"b\" \\c, Basic x=y"', [("bearer", {"realm": 'a "b" \\c, Basic x=y'})]),
        (
            'Negotiate YII==, Basic realm="x", DPoP algs="ES256", Bearer error="e"',
            [("negotiate", {}), ("basic", {"realm": "x"}), ("dpop", {"algs": "ES256"}), ("bearer", {"error": "e"})],
        ),
        (", ,Basic,,Bearer error=e,", [("basic", {}), ("bearer", {"error": "e"})]),
        ('Bearer error="first", error="second"', [("bearer", {"error": "first"})]),
    ],
)
def test_every_challenge_is_read(header: str, read: list[tuple[str, dict[str, str]]]) -> None:
    assert challenges(header) == tuple(Challenge(*pair) for pair in read)


@pytest.mark.parametrize("header", ["", " , ", '"', 'x="y"', "é", "=", '="'])
def test_what_is_no_challenge_is_none(header: str) -> None:
    assert challenges(header) == ()


@pytest.mark.parametrize(
    "header", ['Basic realm="x", Bearer error="un', 'Basic realm="x", ;', 'Basic realm="x" !!=\x00']
)
def test_what_was_read_before_the_damage_counts(header: str) -> None:
    assert challenges(header)[0].scheme == "basic"


@given(st.text(max_size=200))
def test_no_text_makes_it_fail(header: str) -> None:
    assert all(read.scheme for read in challenges(header))


@given(
    st.dictionaries(
        st.sampled_from(["realm", "error", "scope"]), st.text(st.characters(min_codepoint=32, max_codepoint=126))
    )
)
def test_it_reads_what_we_write(parameters: dict[str, str]) -> None:
    assert challenges(challenge("Bearer", parameters)) == (Challenge("bearer", parameters),)
