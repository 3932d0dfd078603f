"""Whose certificates are believed when an issuer is asked."""

from __future__ import annotations

import ssl
from pathlib import Path
from urllib.parse import urlsplit

from evergrant.app.settings import is_loopback
from evergrant.cli.desk import Desk
from evergrant.cli.failures import Failure


def trust(desk: Desk, issuer: str, ca_file: Path | None) -> ssl.SSLContext | bool:
    """The system's certificates; for a server on this machine with a certificate of its own, that one as well.

    Raises Failure for a file without certificates.
    """
    if not issuer.startswith("https://"):
        return True
    extra = ca_file
    if extra is None and is_loopback(urlsplit(issuer).hostname or ""):
        extra = desk.settings.tls.cert
    if extra is None:
        return True
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(extra)
    except (OSError, ssl.SSLError):
        raise Failure(f"{extra} holds no certificate that can be read", "Name a PEM file.") from None
    return context
