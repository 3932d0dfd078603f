"""Remembers how somebody signed in last, so that nobody has to say it again. Nothing of it is secret."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from evergrant.client.vaults.lock_files import LockFiles
from evergrant.client.vaults.private_files import read, replace

_OPTIONAL: Final = frozenset({"scope", "resource", "ca_file"})


@dataclass(frozen=True, slots=True)
class Login:
    """With whom, as which client, for what. `has_secret`: the client needs one, which is not written down."""

    issuer: str
    client_id: str
    name: str
    has_secret: bool
    scope: str | None = None
    resource: str | None = None
    ca_file: str | None = None


def last_login(vault: Path) -> Login | None:
    """None if there was none, or if what is written there cannot be read: it is a convenience. Raises VaultError."""
    try:
        written = json.loads(read(_beside(vault)) or b"null")
        return Login(**{field.name: _checked(field.name, written[field.name]) for field in fields(Login)})
    except (ValueError, KeyError, TypeError):
        return None


def remember(vault: Path, login: Login) -> None:
    """Write it beside the sessions. Raises VaultError."""
    # The vault's own lock: two logins at once would write the same draft.
    with LockFiles(vault.with_name(f"{vault.name}.lock")).whole():
        replace(_beside(vault), json.dumps(asdict(login), indent=2).encode())


def _beside(vault: Path) -> Path:
    return vault.with_name(f"{vault.name}.last")


# Any: the field's own type, as the line before the last has just looked.
def _checked(name: str, value: object) -> Any:
    kind = bool if name == "has_secret" else str
    if not isinstance(value, kind) and not (value is None and name in _OPTIONAL):
        raise TypeError(name)
    return value
