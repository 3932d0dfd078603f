"""A server for a program that is run by hand: its own, in a temporary folder, gone at the end."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.server import Server


@contextmanager
def own_server(settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """On SQLite, in development mode."""
    with tempfile.TemporaryDirectory(prefix="evergrant-hostile-") as folder:
        server = Server(Path(folder) / "data", settings=settings or {})
        server.start()
        try:
            yield server
        finally:
            server.kill()
