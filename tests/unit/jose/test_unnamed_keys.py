"""Tokens that name no key. OpenID Connect Core §10.1: an issuer with one key need not name it."""

from dataclasses import replace

import pytest

from evergrant.jose.errors import JoseError, JoseReason
from evergrant.jose.keys import generate
from evergrant.jose.verifying import verify
from tests.unit.jose.forging import ATTACKER, EC, EXPECT, NOW, forge, header, payload, reason

UNNAMED = {name: value for name, value in header().items() if name != "kid"}
LENIENT = replace(EXPECT, kid="by algorithm")


def test_s088_a_token_that_names_no_key_is_refused_unless_it_is_said_otherwise() -> None:
    token = forge(UNNAMED, payload())

    assert reason(token) is JoseReason.UNKNOWN_KEY
    assert verify(token, LENIENT, NOW).subject == "ada"


def test_s088_between_two_keys_of_its_algorithm_nobody_guesses() -> None:
    other = generate("ES256")
    two = replace(LENIENT, keys={EC.kid: EC.public(), other.kid: other.public()})

    assert reason(forge(UNNAMED, payload()), two) is JoseReason.UNKNOWN_KEY


def test_a_token_that_names_no_key_is_checked_with_the_only_one_it_could_mean() -> None:
    assert reason(forge(UNNAMED, payload(), ATTACKER), LENIENT) is JoseReason.SIGNATURE


@pytest.mark.parametrize("kid", ["", 7, True, ["a"]])
def test_s088_a_name_that_is_none_is_not_the_same_as_no_name(kid: object) -> None:
    with pytest.raises(JoseError):
        verify(forge(header(kid=kid), payload()), LENIENT, NOW)


def test_keys_that_are_looked_up_by_name_have_none_for_a_token_without() -> None:
    by_name = replace(LENIENT, keys=lambda kid: EC.public() if kid == EC.kid else None)

    assert verify(forge(header(), payload()), by_name, NOW).subject == "ada"
    assert reason(forge(UNNAMED, payload()), by_name) is JoseReason.UNKNOWN_KEY
