"""A bearer secret that cannot be printed by accident."""

from __future__ import annotations

import hmac
from typing import NoReturn, SupportsIndex, final

_MASK = "<token>"


@final
class Secret:
    """A token, code or password. Prints as `<token>` however it is formatted; compared in constant time.

    Not a `str`: an f-string, a JSON encoder or a pickle would otherwise carry it to a log or a cache. The
    text is had by `reveal()` only, so that every place that reads a secret can be searched for.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself. Send it or digest it; never log it."""
        return self._text

    def __repr__(self) -> str:
        return _MASK

    def __str__(self) -> str:
        return _MASK

    def __format__(self, format_spec: str) -> str:
        # A width or precision is ignored: `f"{token:.8}"` must not become a way to print half a secret.
        return _MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_octets(self._text), _octets(other._text))

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a Secret is not pickled or copied")


def _octets(text: str) -> bytes:
    # Lone surrogates have no UTF-8 form; a comparison must answer False for them, not fail.
    return text.encode("utf-8", "surrogatepass")
