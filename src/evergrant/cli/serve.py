"""`evergrant serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from evergrant.cli.command import command
from evergrant.cli.desk import Desk


def add(app: typer.Typer) -> None:
    """Register the command."""
    command(app, "serve")(serve)


def serve(
    desk: Desk,  # noqa: ARG001  every command has one
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="localhost")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", show_default="8000")] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes. Not said: one for each core on PostgreSQL. SQLite has one.", show_default=False),
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain, PEM.", show_default=False)] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key, PEM.", show_default=False)] = None,
) -> None:
    """Start the server. The first start in development mode makes all it needs."""
    from evergrant.cli.serving.run import run

    listen = {
        name: value for name, value in (("host", host), ("port", port), ("workers", workers)) if value is not None
    }
    tls = {name: str(path.absolute()) for name, path in (("cert", tls_cert), ("key", tls_key)) if path is not None}
    given: dict[str, Any] = {name: section for name, section in (("listen", listen), ("tls", tls)) if section}
    run(given)
