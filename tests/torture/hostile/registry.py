"""What there is to attack, read from the code: a new endpoint or parameter is attacked without being listed here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final

import evergrant
from evergrant.core import authorization_request
from evergrant.protocol.errors import OAuthError
from evergrant.protocol.forms import NAMED
from evergrant.server.http import logout
from evergrant.server.http.door import Door
from evergrant.server.http.routes import OF_A_REALM, OF_THE_SERVER

_READ: Final = re.compile(r"\.(?:get|require|secret|all)\(\s*[\"']([A-Za-z_]+)[\"']")
_ROOMS: Final = ("core", "server")


@dataclass(frozen=True, slots=True)
class Target:
    """A path and the door behind it. The path has no placeholder any more."""

    path: str
    door: Door

    @property
    def name(self) -> str:
        """As in the log."""
        return self.door.name


@cache
def targets() -> tuple[Target, ...]:
    """Every door: of the default realm, of the server, and those of a realm again below a name that is nobody's."""
    placed = [
        Target(path.replace("{path:path}", "evergrant.css").replace("{realm}", "nobody"), door)
        for path, door in (*OF_A_REALM, *OF_THE_SERVER)
    ]
    return (*placed, *(Target(f"/realms/nobody{path}", door) for path, door in OF_A_REALM))


@cache
def parameters() -> tuple[str, ...]:
    """Every name that the code reads from a form, a query or a page's hidden field."""
    told = {*NAMED, *authorization_request.PARAMETERS, *logout.PARAMETERS}
    return tuple(sorted(told | set(_read_by_name())))


@cache
def errors() -> frozenset[tuple[str, int]]:
    """Each code with its status, from the classes that own them."""
    # Some errors belong to one endpoint: they are known once all endpoints are.
    for module in ("evergrant.server.http.entry", "evergrant.server.http.routes"):
        import_module(module)
    return frozenset((error.code, error.status) for error in _below(OAuthError))


def _below(error: type[OAuthError]) -> Iterator[type[OAuthError]]:
    for child in error.__subclasses__():
        yield child
        yield from _below(child)


def _read_by_name() -> Iterator[str]:
    """The literals in `….get("name")` and its like. Some are no parameters (a claim, a header): they cost nothing."""
    package = Path(str(evergrant.__file__)).parent
    for room in _ROOMS:
        for path in sorted((package / room).rglob("*.py")):
            yield from _READ.findall(path.read_text(encoding="utf-8"))
