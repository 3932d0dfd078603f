"""What a single column can hold, and how a row is taken apart."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from inspect import signature
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Column

from evergrant.core.facts import Caller
from evergrant.core.policy import PolicyValue
from evergrant.protocol.scope import Scope

Fact = TypeVar("Fact")
Row = Sequence[Any]
Values = dict[str, Any]
Columns = Mapping[str, Any]

words = msgspec.json.Decoder(tuple[str, ...]).decode
texts = msgspec.json.Decoder(dict[str, str]).decode
overrides = msgspec.json.Decoder(dict[str, PolicyValue]).decode


def to_json(value: object) -> str:
    """JSON text for a column."""
    return msgspec.json.encode(value).decode()


def reader(columns: Iterable[Column[Any]], build: Callable[[Columns], Fact]) -> Callable[[Row], Fact]:
    """From a row of these columns, in this order, to the fact it holds."""
    names = tuple(column.name for column in columns)

    def read(row: Row) -> Fact:
        return build(dict(zip(names, row, strict=True)))

    return read


def in_order(columns: Iterable[Column[Any]], build: Callable[..., Fact]) -> Callable[[Row], Fact]:
    """The same for what a refresh reads: `build` takes the columns themselves, its parameters named as they are.

    A dictionary for each row would cost a tenth of a refresh. A parameter that is not looked at begins with `_`.
    Raises TypeError at once where names and columns differ: one column more would shift all that follow.
    """
    wanted = [name.removeprefix("_") for name in signature(build).parameters]
    there = [column.name for column in columns]
    if wanted != there:
        raise TypeError(f"{build.__name__} takes {wanted}, and the columns are {there}")
    return lambda row: build(*row)


def is_storable(text: str) -> bool:
    """Whether both databases can hold `text`: Unicode that can be encoded, without NUL, which PostgreSQL refuses."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def storable(text: str) -> str:
    """`text` with what no database can hold replaced: audit rows must be written whatever was sent."""
    return text if is_storable(text) else text.encode(errors="replace").decode().replace("\0", "\ufffd")


@lru_cache(maxsize=1024)
def scope(text: str) -> Scope:
    """A scope from its column."""
    # What we stored was parsed when it came in; a limit that is lowered later must not make rows unreadable.
    return Scope(tuple(text.split()))


def caller(row: Columns) -> Caller:
    """The context of a request from its columns."""
    return Caller(row["user_agent"], row["address_prefix"])


def caller_values(caller: Caller) -> Values:
    """The columns of the context of a request."""
    return {"user_agent": storable(caller.user_agent), "address_prefix": caller.address_prefix}
