"""Scope as a value. RFC 6749 §3.3; OpenID Connect Core §5.4."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.protocol.errors import InvalidScope
from evergrant.protocol.oidc_scopes import CLAIMS_OF_SCOPE, OIDC_SCOPES, STANDARD_CLAIMS, claims_asked_by
from evergrant.protocol.scope import EMPTY, Scope

ALLOWED = "".join(c for c in string.printable if "!" <= c <= "~" and c not in '"\\')
TOKENS = st.lists(st.text(ALLOWED, min_size=1, max_size=8), max_size=20)


@given(TOKENS, TOKENS)
def test_a_scope_behaves_as_the_set_of_its_tokens(one: list[str], other: list[str]) -> None:
    a, b = Scope.of(*one), Scope.of(*other)

    assert set(a & b) == set(one) & set(other)
    assert set(a - b) == set(one) - set(other)
    assert set(a | b) == set(one) | set(other)
    assert (a <= b) == a.within(b) == (set(one) <= set(other))
    assert (a == b) == (set(one) == set(other))
    assert all(token in a for token in one)
    assert len(a) == len(set(one))


@given(TOKENS)
def test_a_scope_comes_back_from_its_text_in_its_order(tokens: list[str]) -> None:
    scope = Scope.of(*tokens)

    assert Scope.parse(str(scope)).tokens == scope.tokens == tuple(dict.fromkeys(tokens))
    assert hash(scope) == hash(Scope.of(*reversed(tokens)))


def test_repeats_and_additional_spaces_are_forgiven() -> None:
    assert str(Scope.parse("  b a  b ")) == "b a"
    assert Scope.parse(None) == Scope.parse("") == Scope.parse("  ") == EMPTY
    assert not EMPTY


@pytest.mark.parametrize("text", ['"', "a\\b", "a\tb", "a\nb", "a\0", "é", "a\u00a0b", "a\x7f"])
def test_other_characters_are_invalid_scope(text: str) -> None:
    with pytest.raises(InvalidScope):
        Scope.parse(text)
    with pytest.raises(InvalidScope):
        Scope.of(text)


def test_a_token_has_no_space_and_is_not_empty() -> None:
    for token in ("a b", ""):
        with pytest.raises(InvalidScope):
            Scope.of(token)


def test_a_scope_is_bounded() -> None:
    assert len(Scope.parse(" ".join(f"s{n}" for n in range(100)))) == 100
    with pytest.raises(InvalidScope):
        Scope.parse(" ".join(f"s{n}" for n in range(101)))
    with pytest.raises(InvalidScope):
        Scope.parse("x" * 2049)


def test_each_scope_asks_for_the_claims_of_the_specification() -> None:
    assert claims_asked_by(Scope.parse("openid email")) == {"sub", "email", "email_verified"}
    assert claims_asked_by(Scope.parse("offline_access api.read")) == frozenset()
    assert {"name", "updated_at", "zoneinfo"} < claims_asked_by(["profile"])
    assert set(OIDC_SCOPES) == set(CLAIMS_OF_SCOPE)
    assert len(STANDARD_CLAIMS) == len(set(STANDARD_CLAIMS)) == 20
