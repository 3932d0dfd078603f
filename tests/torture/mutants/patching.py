"""How a build is broken: something of the product is put out of its place and something wrong is put in.

Everything here raises LookupError where it finds nothing to break, so that a name that changed in the product fails the
test of its mutant; a patch that patches nothing would leave a whole server, and a test that is wrong about it.
"""

import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, Final, TypeVar

from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.visitors import iterate

T = TypeVar("T")
Place = ModuleType | type
Anything = Any  # what stands in the product: a function, a statement, a text

_PRODUCT: Final = "evergrant"


def swap(place: Place, name: str, make: Callable[[Anything], Anything]) -> None:
    """Put `make(what was there)` in its place, and wherever a module of the product had imported it by name."""
    before = _found(place, name)
    after = make(before)
    if after is before:
        raise LookupError(f"{place.__name__}.{name} was not broken")
    setattr(place, name, after)
    for module in [module for key, module in sys.modules.items() if key.partition(".")[0] == _PRODUCT]:
        for key, value in list(vars(module).items()):
            if value is before:
                setattr(module, key, after)


def rewritten(text: str, *changes: tuple[str, str]) -> str:
    """The text with each first part replaced by the second."""
    for old, new in changes:
        if old not in text:
            raise LookupError(f"{old!r} is not in {text!r}")
        text = text.replace(old, new)
    return text


def without(statement: Anything, *columns: str) -> Anything:
    """An UPDATE of SQLAlchemy without the conditions that speak of these columns."""
    kept = [one for one in statement._where_criteria if not _speaks_of(one, columns)]
    missing = set(columns) - {name for one in statement._where_criteria for name in columns if _speaks_of(one, [name])}
    if missing:
        raise LookupError(f"no condition on {sorted(missing)} in {statement}")
    weaker = statement._clone()
    weaker._where_criteria = tuple(kept)
    return weaker


def default(function: Anything, name: str, make: Callable[[Anything], Anything]) -> None:
    """Replace what a keyword argument is if nobody says anything."""
    if name not in (function.__kwdefaults__ or {}):
        raise LookupError(f"{function.__name__} has no default for {name}")
    function.__kwdefaults__[name] = make(function.__kwdefaults__[name])


def _found(place: Place, name: str) -> Anything:
    if name not in vars(place):
        raise LookupError(f"{place.__name__} has no {name}")
    return vars(place)[name]


def _speaks_of(condition: ColumnElement[bool], columns: Iterable[str]) -> bool:
    names = {getattr(part, "name", None) for part in iterate(condition)}
    return not names.isdisjoint(columns)
