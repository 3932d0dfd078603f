"""`demo.json`: the demo objects for scripts, with their secrets. Only its owner may read it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from evergrant.core.facts import JsonValue
from evergrant.protocol.secret import Secret

FILE_NAME: Final = "demo.json"


@dataclass(frozen=True, slots=True)
class DemoFile:
    """`secrets` are those of the confidential clients, by client id; `redirect_uris` those of `demo-web`."""

    issuer: str
    username: str
    password: Secret
    redirect_uris: tuple[str, ...]
    secrets: Mapping[str, Secret]

    def at(self, issuer: str, redirect_uris: tuple[str, ...]) -> DemoFile:
        """The same secrets for a server that moved to another port."""
        return replace(self, issuer=issuer, redirect_uris=redirect_uris)


def read_demo_file(data_dir: Path) -> DemoFile | None:
    """None if there is none, or none that can be read."""
    try:
        written = json.loads((data_dir / FILE_NAME).read_text(encoding="utf-8"))
        return DemoFile(
            issuer=str(written["issuer"]),
            username=str(written["user"]["username"]),
            password=Secret(str(written["user"]["password"])),
            redirect_uris=tuple(str(uri) for uri in written["clients"]["demo-web"]["redirect_uris"]),
            secrets={
                str(name): Secret(str(client["client_secret"]))
                for name, client in written["clients"].items()
                if "client_secret" in client
            },
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_demo_file(data_dir: Path, demo: DemoFile) -> None:
    """Write it whole or not at all, mode 0600."""
    clients: dict[str, JsonValue] = {"demo-web": {"client_id": "demo-web", "redirect_uris": list(demo.redirect_uris)}}
    for name, secret in demo.secrets.items():
        clients[name] = {"client_id": name, "client_secret": secret.reveal()}
    content = {
        "issuer": demo.issuer,
        "user": {"username": demo.username, "password": demo.password.reveal()},
        "clients": clients,
    }
    draft = data_dir / f".{FILE_NAME}.draft"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(json.dumps(content, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(data_dir / FILE_NAME)
