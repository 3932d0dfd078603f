"""Whether an Ed25519 public key is one that somebody can own. RFC 8032 §5.1.3, RFC 8725 §3.4.

`cryptography` takes any 32 bytes. Some are points of small order: for the neutral one, a signature that needs no
private key holds for every message.
"""

from __future__ import annotations

from typing import Final

_P: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _P) % _P
_SIGN: Final = 1 << 255
# The y of a point of order 8; its negative is the other. Orders 1, 2 and 4 have 1, -1 and 0.
_ORDER_8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL: Final = frozenset({0, 1, _P - 1, _ORDER_8, _P - _ORDER_8})


def is_sound(key: bytes) -> bool:
    """The 32 bytes are the one encoding of a point that is on the curve and not of small order."""
    y = int.from_bytes(key, "little") & ~_SIGN
    if y >= _P or y in _SMALL:
        return False
    # x² = (y² - 1) / (d·y² + 1) has a root: Euler's criterion, with the division made a product.
    return pow((y * y - 1) * (_D * y * y + 1), (_P - 1) // 2, _P) == 1
