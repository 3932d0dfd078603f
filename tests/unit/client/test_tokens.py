"""Tokens as they are written down, and as they are read again."""

import json
import pickle
from dataclasses import replace

import pytest

from evergrant.client.errors import (
    ClientError,
    ProtocolError,
    RefreshUnavailable,
    Refused,
    SignInReason,
    SignInRequired,
    VaultDamaged,
)
from evergrant.client.tokens import TokenSet
from evergrant.protocol.secret import Secret
from tests.unit.client.samples import TOKENS


@pytest.mark.parametrize("tokens", [TOKENS, replace(TOKENS, refresh_token=None, ended="invalid_grant", subject=None)])
def test_what_was_written_is_read_whole(tokens: TokenSet) -> None:
    assert TokenSet.from_record(json.loads(json.dumps(tokens.to_record()))) == tokens


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": None},
        {"access_token": None},
        {"access_token": 7},
        {"refresh_token": ["rt"]},
        {"expires_at": "soon"},
        {"expires_at": True},
        {"revision": None},
        {"issuer": None},
    ],
)
def test_anything_else_is_damage_and_is_not_quoted(change: dict[str, object]) -> None:
    with pytest.raises(VaultDamaged) as damaged:
        TokenSet.from_record({**TOKENS.to_record(), **change})

    assert "rt" not in str(damaged.value).replace("version", "")


@pytest.mark.parametrize("record", [None, [], "text", 7, {}])
def test_a_record_is_an_object_of_our_version(record: object) -> None:
    with pytest.raises(VaultDamaged):
        TokenSet.from_record(record)


def test_members_that_a_later_release_adds_are_passed_over() -> None:
    assert TokenSet.from_record({**TOKENS.to_record(), "more": 1}) == TOKENS


def test_tokens_do_not_print() -> None:
    said = f"{TOKENS} {TOKENS!r} {replace(TOKENS, id_token=Secret('idt'))}"

    assert not any(token in said for token in ("at-1", "rt-1", "idt"))


def test_each_save_is_the_next_revision() -> None:
    assert TOKENS.next_to(None).revision == 1
    assert TOKENS.next_to(replace(TOKENS, revision=7)).revision == 8


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SignInRequired(SignInReason.ENDED, "abc"), "sign in: ended (correlation id abc)"),
        (SignInRequired(SignInReason.NO_SESSION), "sign in: no_session"),
        (RefreshUnavailable("down", 7.0), "down; try again in 7 s"),
        (Refused("invalid_client", "Unknown.", 401), "invalid_client: Unknown."),
        (Refused("invalid_client", None), "invalid_client"),
        (ProtocolError("not JSON"), "not JSON"),
    ],
)
def test_errors_say_what_to_do_and_survive_a_journey_to_another_process(error: ClientError, text: str) -> None:
    copied, carried = error.again(), pickle.loads(pickle.dumps(error))

    assert str(error) == str(copied) == str(carried) == text
    assert vars(copied) == vars(carried) == vars(error)
