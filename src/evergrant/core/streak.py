"""The streak: redeliveries in a row to another context (design: "The streak")."""

from typing import Final

from evergrant.core.facts import Caller

EVENT: Final = 3
"""So many in a row are an event."""

END: Final = 6
"""So many in a row end the grant, for public clients without binding."""

REMEMBERED: Final = 8
"""Retry bits kept, one for each of the last generations; bit 0 is the current one."""


def is_other_context(before: Caller, now: Caller) -> bool:
    """Whether user agent or address prefix differ; prefixes of different families say nothing of each other."""
    if before.user_agent != now.user_agent:
        return True
    if not before.address_prefix or not now.address_prefix:
        return False
    same_family = (":" in before.address_prefix) is (":" in now.address_prefix)
    return same_family and before.address_prefix != now.address_prefix


def length(bits: int) -> int:
    """How many generations in a row, from the current one back, were redelivered to another context."""
    count = 0
    while bits & 1:
        bits >>= 1
        count += 1
    return count


def next_retries(bits: int) -> int:
    """The bits after a renewal: a fresh one for the new generation, the oldest forgotten."""
    return (bits << 1) & ((1 << REMEMBERED) - 1)
