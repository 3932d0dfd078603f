"""Scope as a value. RFC 6749 §3.3."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from evergrant.protocol.errors import InvalidScope

MAX_TOKENS: Final = 100
MAX_LENGTH: Final = 2048

_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Distinct scope tokens in the order they were asked for; equal if they are the same tokens.

    `a <= b`: everything in `a` is in `b`. `a & b`, `a - b`, `a | b` keep the order of `a`.
    """

    tokens: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str | None) -> Scope:
        """Read a `scope` parameter; None and the empty text are the empty scope.

        A repeated token counts once and additional spaces are ignored: both are common and cannot be
        misread. Raises `InvalidScope` for other characters than RFC 6749 §3.3 has, or for more than 100
        tokens or 2048 characters.
        """
        if not text:
            return EMPTY
        if len(text) > MAX_LENGTH:
            raise InvalidScope("The scope is too long.")
        return cls.of(*(token for token in text.split(" ") if token))

    @classmethod
    def of(cls, *tokens: str) -> Scope:
        """A scope of these tokens. Raises `InvalidScope` as `parse` does."""
        distinct = tuple(dict.fromkeys(tokens))
        if len(distinct) > MAX_TOKENS:
            raise InvalidScope("The scope has too many values.")
        if not all(_TOKEN.fullmatch(token) for token in distinct):
            raise InvalidScope("The scope contains a character that is not allowed.")
        return cls(distinct)

    def within(self, other: Scope) -> bool:
        """Whether every token of this scope is in `other`."""
        return set(self.tokens).issubset(other.tokens)

    def __le__(self, other: Scope) -> bool:
        return self.within(other)

    def __and__(self, other: Iterable[str]) -> Scope:
        kept = set(other)
        return Scope(tuple([token for token in self.tokens if token in kept]))

    def __sub__(self, other: Iterable[str]) -> Scope:
        dropped = set(other)
        return Scope(tuple([token for token in self.tokens if token not in dropped]))

    def __or__(self, other: Iterable[str]) -> Scope:
        return Scope.of(*self.tokens, *other)

    def __contains__(self, token: object) -> bool:
        return token in self.tokens

    def __iter__(self) -> Iterator[str]:
        return iter(self.tokens)

    def __len__(self) -> int:
        return len(self.tokens)

    def __str__(self) -> str:
        return " ".join(self.tokens)

    def __eq__(self, other: object) -> bool:
        # RFC 6749 §3.3: the order does not matter.
        return isinstance(other, Scope) and set(self.tokens) == set(other.tokens)

    def __hash__(self) -> int:
        return hash(frozenset(self.tokens))


EMPTY: Final = Scope()
