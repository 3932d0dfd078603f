"""The options that the three commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

IssuerOption = Annotated[
    str | None, typer.Option("--issuer", help="Whose session; default: that of the last login.", show_default=False)
]
ClientIdOption = Annotated[
    str | None,
    typer.Option("--client-id", help="As which client; default: that of the last login.", show_default=False),
]
SecretOption = Annotated[
    str | None,
    typer.Option(
        "--client-secret",
        envvar="EVERGRANT_CLIENT_SECRET",
        help="Its secret, if it has one; it is not kept.",
        show_default=False,
    ),
]
NameOption = Annotated[
    str | None,
    typer.Option("--name", help="Which of several sessions; default: that of the last login.", show_default=False),
]
VaultOption = Annotated[
    Path | None,
    typer.Option(
        "--vault", help="File of the sessions; default: sessions.json in the data folder.", show_default=False
    ),
]
CaFileOption = Annotated[
    Path | None, typer.Option("--ca-file", help="Certificates to trust for https, PEM.", show_default=False)
]
