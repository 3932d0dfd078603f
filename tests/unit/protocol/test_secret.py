"""A secret that does not print; identifiers as text."""

import copy
import json
import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.protocol.secret import Secret
from evergrant.protocol.values import GrantId, grant_id_from_text, grant_id_text


@given(st.text(min_size=12))
def test_a_secret_prints_as_token_however_it_is_formatted(text: str) -> None:
    secret = Secret(text)

    assert secret.reveal() == text
    assert {str(secret), repr(secret), f"{secret}", f"{secret:>40.30}", f"{secret!r}", "%s" % secret} == {"<token>"}  # noqa: UP031 - the old way of formatting is what is tested
    assert repr([secret]) == "[<token>]"


def test_a_secret_is_not_written_by_pickle_copy_or_json() -> None:
    secret = Secret("eg_rt_hidden")

    for write in (pickle.dumps, json.dumps, msgspec.json.encode, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError) as caught:
            write(secret)
        assert "hidden" not in str(caught.value)
    assert not hasattr(secret, "__dict__")


@given(st.text(), st.text())
def test_secrets_are_equal_if_their_text_is(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) == (one == other)
    assert hash(Secret(one)) == hash(Secret(one))


def test_a_secret_is_not_equal_to_its_text() -> None:
    text: object = "eg_rt_hidden"

    assert Secret("eg_rt_hidden") != text
    assert Secret("\ud800") != Secret("\udfff")


@given(st.binary(min_size=16, max_size=16))
def test_a_grant_is_named_by_its_hexadecimal_digits(octets: bytes) -> None:
    assert grant_id_from_text(grant_id_text(GrantId(octets))) == octets


@pytest.mark.parametrize("text", ["", "00" * 15, "00" * 17, "AB" * 16, "0 " * 16, "zz" * 16, " " + "00" * 16])
def test_another_text_names_no_grant(text: str) -> None:
    with pytest.raises(ValueError, match="hex"):
        grant_id_from_text(text)
