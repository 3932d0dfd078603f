"""`/static/…`: our own style sheet, scripts and images. A closed list read at start, so no path leads out of it."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from evergrant.server.http.door import NotHere
from evergrant.server.pages.render import STATIC_FOLDER

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".md": "text/plain; charset=utf-8",
}
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "public, max-age=0, must-revalidate"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """`version` is the beginning of the content's SHA-256, as the pages write it behind `?v=`."""

    content: bytes
    media_type: str
    version: str


async def endpoint(request: Request) -> Response:
    """For a year if the address names the content, else to be asked for again."""
    found = files().get(request.path_params["path"])
    if found is None:
        raise NotHere("There is no such file.")
    tag = f'"{found.version}"'
    headers = {
        "Cache-Control": _FOR_EVER if request.query_params.get("v") == found.version else _ASK_AGAIN,
        "ETag": tag,
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        # An image that is opened by itself is a document, and an SVG document may have scripts.
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(found.content, headers=headers, media_type=found.media_type)


@cache
def files() -> dict[str, StaticFile]:
    """Every file that is served, by its path below `/static/`."""
    return {str(path.relative_to(STATIC_FOLDER).as_posix()): _read(path) for path in _listed()}


def _listed() -> list[Path]:
    return [path for path in sorted(STATIC_FOLDER.rglob("*")) if path.is_file() and path.suffix in _TYPES]


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    return StaticFile(content, _TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:8])
