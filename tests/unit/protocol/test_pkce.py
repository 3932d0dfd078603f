"""Proof Key for Code Exchange. RFC 7636; S-004, S-005, R-043."""

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evergrant.protocol.pkce import METHODS, challenge_of, matches, valid_challenge, valid_verifier

VERIFIERS = st.text(string.ascii_letters + string.digits + "-._~", min_size=43, max_size=128)
EXAMPLE = ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")


def test_the_example_of_the_specification_matches() -> None:
    """RFC 7636 appendix B."""
    verifier, challenge = EXAMPLE

    assert challenge_of(verifier) == challenge
    assert matches(verifier, challenge)


def test_s004_there_is_one_method() -> None:
    assert METHODS == ("S256",)


def test_s004_a_verifier_is_not_its_own_challenge() -> None:
    """That would be `plain`."""
    assert not matches(EXAMPLE[0], EXAMPLE[0])


@given(VERIFIERS, VERIFIERS)
def test_a_challenge_matches_its_own_verifier_only(verifier: str, other: str) -> None:
    assume(verifier != other)
    challenge = challenge_of(verifier)

    assert valid_challenge(challenge)
    assert matches(verifier, challenge)
    assert not matches(other, challenge)


@pytest.mark.parametrize(
    "verifier", ["", "a" * 42, "a" * 129, "a" * 42 + "+", "a" * 42 + "é", "a" * 43 + "\n"], ids=range(6)
)
def test_s005_a_malformed_verifier_matches_nothing(verifier: str) -> None:
    assert not valid_verifier(verifier)
    assert not matches(verifier, EXAMPLE[1])
    with pytest.raises(ValueError, match="verifier"):
        challenge_of(verifier)


@pytest.mark.parametrize("challenge", ["", "a" * 42, "a" * 44, "a" * 43, EXAMPLE[1] + "=", EXAMPLE[1] + "\n", "=" * 43])
def test_s005_a_malformed_challenge_is_matched_by_nothing(challenge: str) -> None:
    assert not valid_challenge(challenge)
    assert not matches(EXAMPLE[0], challenge)


@given(st.text(), st.text())
def test_any_two_texts_are_compared_without_an_error(verifier: str, challenge: str) -> None:
    assert not matches(verifier, challenge)
