"""How much a person wants to be asked. OpenID Connect Core §3.1.2.1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.protocol.errors import InvalidRequest
from evergrant.protocol.prompts import Prompt, parse_max_age, parse_prompt


@pytest.mark.parametrize(
    ("text", "prompts"),
    [
        (None, set()),
        ("", set()),
        ("none", {Prompt.NONE}),
        ("none  none", {Prompt.NONE}),
        ("login", {Prompt.LOGIN}),
        ("consent login", {Prompt.LOGIN, Prompt.CONSENT}),
        ("select_account", {Prompt.LOGIN}),
        ("create", set()),
        ("LOGIN", set()),
    ],
)
def test_prompts_are_read(text: str | None, prompts: set[Prompt]) -> None:
    assert parse_prompt(text) == prompts


@pytest.mark.parametrize("text", ["none login", "consent none", "none select_account", "none create"])
def test_none_goes_with_nothing_else(text: str) -> None:
    with pytest.raises(InvalidRequest, match="none"):
        parse_prompt(text)


@given(st.integers(0, 10**9))
def test_an_age_is_a_number_of_seconds(seconds: int) -> None:
    assert parse_max_age(str(seconds)) == seconds
    assert parse_max_age(None) is None


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1e3", " 1", "x", "٣", "9" * 11])
def test_another_age_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="max_age"):
        parse_max_age(text)
