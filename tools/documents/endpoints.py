"""The endpoints, from the table of routes and the docstrings of what answers them."""

import inspect
import re

from documents.parameters import CLIENT_AUTHENTICATION, parameters
from documents.words import code, doc, page, table
from evergrant.protocol.forms import MAX_BYTES
from evergrant.server.http.door import Door
from evergrant.server.http.routes import OF_A_REALM, OF_THE_SERVER


def endpoints_page() -> tuple[str, str]:
    """The page and its name."""
    return "endpoints.md", page(
        "Endpoints",
        "The default realm is served at the root, another realm at `/realms/{name}`: its token endpoint is"
        " `/realms/{name}/token`. Clients find the addresses in the discovery document.",
        "## Of each realm",
        _table(OF_A_REALM),
        "## Of the server",
        _table(OF_THE_SERVER),
        "CORS: other sites' pages may call it, without cookies.",
        "## What they do",
        *_sections(),
        "## Client authentication",
        CLIENT_AUTHENTICATION,
        "## For all",
        f"A body is a form (`application/x-www-form-urlencoded`) of at most {MAX_BYTES // 1024} KiB. A repeated"
        " parameter is refused, an unknown one ignored. Every answer has the header `X-Correlation-Id`. Errors are told"
        " in [Errors](errors.md).",
    )


def _table(routes: tuple[tuple[str, Door], ...]) -> str:
    return table(
        ("path", "methods", "answers", "CORS"),
        (
            (
                code(path),
                ", ".join(door.methods),
                "page" if door.shape == "page" else "data",
                "yes" if door.cross_origin else "",
            )
            for path, door in routes
        ),
    )


def _sections() -> list[str]:
    routes = (*OF_A_REALM, *OF_THE_SERVER)
    told: dict[str, str] = {}
    modules: set[object] = set()
    for _, door in routes:
        if door.name in told:
            continue
        module = inspect.getmodule(door.endpoint)
        # A file with two endpoints tells of both; once is enough.
        about = [doc(door.endpoint)] if module in modules else [_without_path(doc(module)), doc(door.endpoint)]
        modules.add(module)
        paths = ", ".join(code(path) for path, other in routes if other.name == door.name)
        told[door.name] = "\n\n".join([f"### {paths}", *(text for text in about if text), *parameters(door.name)])
    return list(told.values())


def _without_path(text: str) -> str:
    """The heading says the path already."""
    shorter = re.sub(r"^(`/[^`]*`(, | and |: |\. ))+", "", text) if text.count("`/") == 1 else text
    return shorter[:1].upper() + shorter[1:]
