"""What another context is, and how bits are counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.core.facts import Caller
from evergrant.core.streak import REMEMBERED, is_other_context, length, next_retries

BITS = st.integers(0, 2**REMEMBERED - 1)


@pytest.mark.parametrize(
    ("before", "now", "other"),
    [
        (Caller("a", "192.0.2.0/24"), Caller("a", "192.0.2.0/24"), False),
        (Caller("a", "192.0.2.0/24"), Caller("b", "192.0.2.0/24"), True),
        (Caller("a", "192.0.2.0/24"), Caller("a", "198.51.100.0/24"), True),
        (Caller("a", "192.0.2.0/24"), Caller("a", "2001:db8::/48"), False),
        (Caller("a", "2001:db8::/48"), Caller("a", "2001:db8:1::/48"), True),
        (Caller("a", "192.0.2.0/24"), Caller("a", ""), False),
        (Caller("a", ""), Caller("a", "192.0.2.0/24"), False),
        (Caller(), Caller(), False),
    ],
)
def test_another_context_is_another_user_agent_or_network(before: Caller, now: Caller, other: bool) -> None:
    assert is_other_context(before, now) is other


@given(BITS)
def test_the_length_is_the_number_of_set_bits_from_the_lowest(bits: int) -> None:
    text = f"{bits:08b}"

    assert length(bits) == len(text) - len(text.rstrip("1"))


@given(BITS)
def test_a_renewal_adds_a_clear_bit_and_forgets_the_ninth(bits: int) -> None:
    assert f"{next_retries(bits):08b}" == f"{bits:08b}"[1:] + "0"
