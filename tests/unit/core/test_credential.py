"""The token format: one spelling, one kind, one realm."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.core.credential import (
    CLIENT_SECRET_PREFIX,
    MAX_GENERATION,
    Credentials,
    Kind,
    MasterKeys,
    client_secret,
    client_secret_digest,
    secret_digest,
)
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import GrantId, RealmId

MASTERS = MasterKeys({1: b"1" * 32, 2: b"2" * 32})
REALM = RealmId("r1")
HERE = Credentials(REALM, MASTERS)
ID, SECRET = GrantId(bytes(range(16))), bytes(range(16, 32))
TOKEN = HERE.seal(Kind.REFRESH, 2, ID, SECRET, 7)
CODE = HERE.seal(Kind.CODE, 2, ID, SECRET, 0)

SIXTEEN = st.binary(min_size=16, max_size=16)
PREFIX = 6


@given(SIXTEEN, SIXTEEN, st.integers(1, MAX_GENERATION), st.sampled_from([1, 2]))
def test_what_is_sealed_opens_to_what_it_was(grant_id: bytes, secret: bytes, generation: int, key_id: int) -> None:
    opened = HERE.open(HERE.seal(Kind.REFRESH, key_id, GrantId(grant_id), secret, generation), Kind.REFRESH)

    assert opened is not None
    assert (opened.kind, opened.key_id, opened.grant_id) == (Kind.REFRESH, key_id, grant_id)
    assert (opened.secret, opened.generation) == (secret, generation)


@given(SIXTEEN, SIXTEEN, st.integers(1, MAX_GENERATION))
def test_the_same_arguments_give_the_same_text(grant_id: bytes, secret: bytes, generation: int) -> None:
    """That is what makes a retry safe with nothing readable at rest; also after a restart."""
    after_a_restart = Credentials(REALM, MasterKeys({2: b"2" * 32, 1: b"1" * 32}))
    arguments = (Kind.REFRESH, 2, GrantId(grant_id), secret, generation)

    assert HERE.seal(*arguments).reveal() == after_a_restart.seal(*arguments).reveal()


@pytest.mark.parametrize("text", [TOKEN, CODE], ids=["refresh", "code"])
def test_every_flipped_bit_makes_it_garbage(text: Secret) -> None:
    """R-013, S-040: all 432 bits of what is encoded, not a sample of them."""
    kind = Kind(text.reveal()[:PREFIX])
    raw = bytearray(urlsafe_b64decode(text.reveal()[PREFIX:]))
    for bit in range(len(raw) * 8):
        raw[bit // 8] ^= 1 << bit % 8
        assert HERE.open(Secret(kind + urlsafe_b64encode(bytes(raw)).decode()), kind) is None, f"bit {bit}"
        raw[bit // 8] ^= 1 << bit % 8


@pytest.mark.parametrize("kind", Kind)
def test_every_truncation_makes_it_garbage(kind: Kind) -> None:
    """R-013"""
    text = (TOKEN if kind is Kind.REFRESH else CODE).reveal()

    assert HERE.open(Secret(text), kind) is not None
    for length in range(len(text)):
        assert HERE.open(Secret(text[:length]), kind) is None
        assert HERE.open(Secret(text[length + 1 :]), kind) is None
        assert HERE.open(Secret(text[:length] + text[length + 1 :]), kind) is None


@given(st.text(min_size=1, max_size=8), st.integers(0, len(TOKEN.reveal())))
def test_every_insertion_makes_it_garbage(added: str, place: int) -> None:
    """R-013: spaces, padding, line breaks, letters beyond ASCII that a decoder would skip."""
    text = TOKEN.reveal()

    assert HERE.open(Secret(text[:place] + added + text[place:]), Kind.REFRESH) is None


@given(st.characters(), st.integers(0, len(TOKEN.reveal()) - 1))
def test_every_other_character_makes_it_garbage(character: str, place: int) -> None:
    text = TOKEN.reveal()
    changed = text[:place] + character + text[place + 1 :]

    assert (HERE.open(Secret(changed), Kind.REFRESH) is None) is (changed != text)


@given(st.text(max_size=100))
def test_any_text_at_all_is_answered(text: str) -> None:
    assert HERE.open(Secret(text), Kind.REFRESH) is None


@given(st.binary(min_size=54, max_size=54))
def test_no_bytes_are_a_token_by_chance(raw: bytes) -> None:
    assert HERE.open(Secret(Kind.REFRESH + urlsafe_b64encode(raw).decode()), Kind.REFRESH) is None


def test_the_standard_alphabet_is_another_spelling_and_therefore_garbage() -> None:
    text = HERE.seal(Kind.REFRESH, 2, GrantId(b"\xfb\xef" * 8), b"\xff" * 16, 1).reveal()
    standard = text[:PREFIX] + text[PREFIX:].replace("-", "+").replace("_", "/")

    assert standard != text
    assert HERE.open(Secret(standard), Kind.REFRESH) is None


def test_one_kind_is_never_another() -> None:
    """R-004: also when prefix and generation are made to fit, because the kind is in the key."""
    first = HERE.seal(Kind.REFRESH, 2, ID, SECRET, 0).reveal()

    assert HERE.open(TOKEN, Kind.CODE) is None
    assert HERE.open(CODE, Kind.REFRESH) is None
    assert HERE.open(Secret(Kind.CODE + first[PREFIX:]), Kind.CODE) is None


def test_a_code_is_generation_0_and_a_refresh_token_is_not() -> None:
    assert HERE.open(HERE.seal(Kind.REFRESH, 2, ID, SECRET, 0), Kind.REFRESH) is None
    assert HERE.open(HERE.seal(Kind.CODE, 2, ID, SECRET, 1), Kind.CODE) is None


def test_another_realms_token_is_garbage_here() -> None:
    """R-003, R-047"""
    assert Credentials(RealmId("r2"), MASTERS).open(TOKEN, Kind.REFRESH) is None


def test_a_master_key_that_is_gone_takes_its_tokens_along() -> None:
    old = HERE.seal(Kind.REFRESH, 1, ID, SECRET, 7)

    assert HERE.open(old, Kind.REFRESH) is not None
    assert Credentials(REALM, MasterKeys({2: b"2" * 32})).open(old, Kind.REFRESH) is None
    assert Credentials(REALM, MasterKeys({1: b"x" * 32})).open(old, Kind.REFRESH) is None


def test_new_tokens_are_signed_by_the_newest_key() -> None:
    assert HERE.current_key == 2


def test_a_token_can_be_found_by_secret_scanners_and_fits_every_alphabet() -> None:
    assert TOKEN.reveal().startswith("eg_rt_")
    assert CODE.reveal().startswith("eg_ac_")
    assert len(TOKEN.reveal()) == 78
    assert TOKEN.reveal().replace("_", "").replace("-", "").isalnum()


def test_neither_keys_nor_secrets_are_printed() -> None:
    opened = HERE.open(TOKEN, Kind.REFRESH)

    assert repr(MASTERS) == "MasterKeys([1, 2])"
    assert repr(SECRET) not in repr(opened)
    assert TOKEN.reveal() not in f"{TOKEN!r} {TOKEN}"


def test_a_key_that_is_to_sign_has_to_be_there() -> None:
    with pytest.raises(ValueError, match="3 is to sign"):
        MasterKeys({1: bytes(32)}, current=3)


@pytest.mark.parametrize("keys", [{}, {0: b"x" * 32}, {256: b"x" * 32}, {1: b"x" * 31}])
def test_master_keys_that_cannot_be_are_refused(keys: dict[int, bytes]) -> None:
    with pytest.raises(ValueError, match="key"):
        MasterKeys(keys)


def test_keys_of_different_purposes_and_realms_differ() -> None:
    derived = {
        MASTERS.derive(number, label, RealmId(realm), purpose)
        for number in (1, 2)
        for label, realm, purpose in [("a", "b", "c"), ("a", "bc", ""), ("ab", "", "c"), ("a", "", "bc")]
    }

    assert len(derived) == 8


def test_the_row_keeps_a_digest_that_belongs_to_one_grant() -> None:
    assert secret_digest(ID, SECRET) != secret_digest(GrantId(b"x" * 16), SECRET)
    assert SECRET not in secret_digest(ID, SECRET)


def test_a_client_secret_holds_all_its_chance() -> None:
    """S-040, S-042"""
    secrets = {client_secret(bytes([n]) * 32).reveal() for n in range(256)}

    assert len(secrets) == 256
    assert all(text.startswith(CLIENT_SECRET_PREFIX) and len(text) == 6 + 43 for text in secrets)
    assert len(client_secret_digest(client_secret(b"x" * 32))) == 32
