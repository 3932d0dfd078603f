"""Ed25519 public keys that nobody owns. RFC 8032 §5.1.3, RFC 8725 §3.4; S-083."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from evergrant.jose.edwards import is_sound
from evergrant.jose.errors import BadKey
from evergrant.jose.keys import PublicKey

P = 2**255 - 19
ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL = [0, 1, P - 1, ORDER_8, P - ORDER_8]
SIGNS = [0, 1 << 255]


def encoded(y: int, sign: int = 0) -> bytes:
    return (y | sign).to_bytes(32, "little")


@given(st.binary(min_size=32, max_size=32))
def test_a_key_that_was_made_from_a_private_one_is_sound(seed: bytes) -> None:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()

    assert is_sound(public.public_bytes(Encoding.Raw, PublicFormat.Raw))


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("y", [*SMALL, P, P + 1])
def test_s083_a_point_of_small_order_is_no_key(y: int, sign: int) -> None:
    x = base64.urlsafe_b64encode(encoded(y, sign)).rstrip(b"=").decode()

    with pytest.raises(BadKey, match="small order"):
        PublicKey.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": x})


@pytest.mark.parametrize("y", SMALL)
def test_for_a_point_of_small_order_a_signature_without_a_private_key_holds(y: int) -> None:
    """Why they are refused: one message in eight at least is as good as signed."""
    nothing, key = encoded(1) + bytes(32), Ed25519PublicKey.from_public_bytes(encoded(y))
    messages = [b"%d" % number for number in range(200)]

    as_good_as_signed = [message for message in messages if challenge(nothing[:32] + encoded(y) + message) % 8 == 0]

    assert as_good_as_signed
    for message in as_good_as_signed:
        key.verify(nothing, message)


def challenge(octets: bytes) -> int:
    return int.from_bytes(hashlib.sha512(octets).digest(), "little") % (2**252 + 27742317777372353535851937790883648493)


@pytest.mark.parametrize("sign", SIGNS)
def test_s083_half_of_all_numbers_are_no_point_of_the_curve(sign: int) -> None:
    sound = [is_sound(encoded(y, sign)) for y in range(2, 1002)]

    assert 400 < sum(sound) < 600


@pytest.mark.parametrize("sign", SIGNS)
def test_s083_a_number_is_written_in_one_way_only(sign: int) -> None:
    """RFC 8032 §5.1.3: 3 and 3 + p would be one key under two names."""
    assert any(is_sound(encoded(y, sign)) for y in range(2, 19))
    assert not any(is_sound(encoded(y + P, sign)) for y in range(19))
