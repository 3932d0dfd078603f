"""Text from strangers, made safe to look at.

Autoescaping stops markup. It does not stop a client named ``Bank`` + RIGHT-TO-LEFT OVERRIDE, a name made of spaces
that look like nothing, or one that is a megabyte long. Whatever a client, a user or a request supplied goes through
``display`` on its way to a page (S-127).
"""

from __future__ import annotations

import unicodedata

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

# Letters, marks and symbols by category that nevertheless draw nothing, or steer how a neighbour is drawn: the rest of
# Unicode's Default_Ignorable_Code_Point, and the Braille blank.
_DRAWS_NOTHING = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
    | set(range(0x180B, 0x1810))
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0000, 0xE1000))
)

ELLIPSIS = "…"


def display(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` characters, with every one that hides or reorders others shown as ``[U+202E]``.

    An escape is never cut in half, and what was left out is marked by an ellipsis. The result is still text, not HTML.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    room = limit
    for character in text[: limit + 1]:
        piece = _visible(character)
        if len(piece) > room:
            return _cut(shown, room)
        shown.append(piece)
        room -= len(piece)
    return "".join(shown)


def _cut(shown: list[str], room: int) -> str:
    """Make place for the ellipsis and close."""
    while room < len(ELLIPSIS) and shown:
        room += len(shown.pop())
    return "".join(shown) + ELLIPSIS


def _visible(character: str) -> str:
    point = ord(character)
    if unicodedata.category(character) in _HIDDEN_CATEGORIES or point in _DRAWS_NOTHING:
        return f"[U+{point:04X}]"
    return " " if unicodedata.category(character) == "Zs" else character
