"""The programs: what each is called, what it needs, and how it is filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

API_PORT: Final = 8001
WEB_PORT: Final = 8002
MCP_PORT: Final = 8003


@dataclass(frozen=True, slots=True)
class Program:
    """One program. `constants` are the names at its top; `port` is where it listens, None for one that does not.

    `path` ends the address of an API that is not at the root of its host.
    """

    name: str
    file: str
    title: str
    install: str
    constants: tuple[str, ...]
    port: int | None = None
    path: str = ""

    @property
    def is_api(self) -> bool:
        """Whether it is what tokens are for, and not what asks for them."""
        return "AUDIENCE" in self.constants

    @property
    def text(self) -> str:
        """As it is among the examples."""
        return files(__package__).joinpath("files", self.file).read_text(encoding="utf-8")

    def filled_in(self, values: Mapping[str, str | int]) -> str:
        """With these values of its constants; the others stay. Raises LookupError for one that it does not have."""
        text = self.text
        for name, value in values.items():
            before = re.findall(rf"^{name} = .+$", text, flags=re.MULTILINE)
            if len(before) != 1:
                raise LookupError(f"{self.file} has no constant {name}")
            # JSON writes texts and numbers as Python does.
            text = text.replace(before[0], f"{name} = {json.dumps(value)}", 1)
        return text


_API: Final = ("ISSUER", "AUDIENCE", "PORT")

PROGRAMS: Final[Mapping[str, Program]] = {
    program.name: program
    for program in (
        Program(
            "fastapi",
            "notes_fastapi.py",
            "an API in FastAPI, whose documentation can sign in",
            '"evergrant[fastapi]" uvicorn',
            (*_API, "CLIENT_ID"),
            API_PORT,
        ),
        Program("flask", "notes_flask.py", "an API in Flask", '"evergrant[flask]"', _API, API_PORT),
        Program("django", "notes_django.py", "an API in Django, in one file", '"evergrant[django]"', _API, API_PORT),
        Program("mcp", "notes_mcp.py", "an MCP server", '"evergrant[mcp]" uvicorn', _API, MCP_PORT, "/mcp"),
        Program(
            "web",
            "notes_web.py",
            "a web application with sign-in, which calls the API",
            '"evergrant[client,starlette]" uvicorn',
            ("ISSUER", "API", "CLIENT_ID", "CLIENT_SECRET", "PORT"),
            WEB_PORT,
        ),
        Program(
            "cli",
            "notes_cli.py",
            "a program for the terminal, which signs in with a browser",
            '"evergrant[client]"',
            ("ISSUER", "API", "CLIENT_ID"),
        ),
        Program(
            "service",
            "notes_service.py",
            "a service, which calls the API for itself",
            '"evergrant[client]"',
            ("ISSUER", "API", "CLIENT_ID", "CLIENT_SECRET"),
        ),
    )
}
