"""What a count proves: Wilson's interval for a share, the rule of three for none, quantiles of waiting times."""

from collections.abc import Sequence
from math import sqrt
from typing import Final

Z: Final = 1.959963984540054
"""Of the normal distribution, for 95 %."""


def wilson(found: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share. Raises ValueError where nothing was counted."""
    if of <= 0:
        raise ValueError("a share of nothing")
    share, z2 = found / of, Z * Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z * sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return (0.0 if found == 0 else middle - half, 1.0 if found == of else middle + half)


def at_most(found: int, of: int) -> float:
    """The 95 % upper bound of a share: 3 / n where none was found (rule of three), else Wilson's."""
    return min(1.0, 3 / of) if found == 0 else wilson(found, of)[1]


def quantile(values: Sequence[int], part: float) -> int | None:
    """The smallest value that so large a part does not exceed; None of no values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
