"""The sealed value that ties a sign-in to one browser, issuer and client."""

import pytest

from evergrant.client.errors import ProtocolError
from evergrant.client.exchange import Attempt
from evergrant.client.sign_in import Opened, Seal, SignIn
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis
from tests.unit.client.samples import ISSUER, START

SEAL = Seal(Secret("x" * 32))
OPENED = Opened(
    ISSUER, "app", Attempt("https://app.example.com/cb", "openid", "state-1", "nonce-1", Secret("v" * 43)), None
)


def test_what_is_sealed_is_opened_whole_by_whoever_has_the_secret() -> None:
    assert Seal(Secret("x" * 32)).open(SEAL.close(OPENED, START), START) == OPENED


def test_nothing_in_it_can_be_read_from_outside() -> None:
    sealed = SEAL.close(OPENED, START)

    assert not any(part in sealed for part in ("state-1", "nonce-1", "v" * 43))
    assert sealed not in repr(SignIn("https://login.example.com", sealed))


def test_it_is_good_for_ten_minutes() -> None:
    sealed = SEAL.close(OPENED, START)

    assert SEAL.open(sealed, Millis(START + 600_000)) == OPENED
    with pytest.raises(ProtocolError):
        SEAL.open(sealed, Millis(START + 601_000))


def test_a_spoilt_one_is_refused() -> None:
    good = SEAL.close(OPENED, START)

    for spoilt in (good[:-4], "A" + good[1:], "", good[:40] + good[41:] + good[40], good.swapcase()):
        with pytest.raises(ProtocolError):
            SEAL.open(spoilt, START)


def test_another_applications_seal_is_refused() -> None:
    """R-050"""
    with pytest.raises(ProtocolError):
        SEAL.open(Seal(Secret("y" * 32)).close(OPENED, START), START)


def test_a_short_secret_is_none() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Seal(Secret("x" * 31))
