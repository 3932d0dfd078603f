"""Checks of this machine: issuer, proxy, TLS, files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509

from evergrant.app import demo_file, master_key
from evergrant.app.doctor.findings import Finding, broken, ok, weak
from evergrant.app.settings import Settings
from evergrant.protocol.values import Millis

_SOON_DAYS: Final = 14


def check_machine(settings: Settings, now: Millis) -> Iterator[Finding]:
    """Everything that needs no database."""
    mode = "development" if settings.development else "production"
    yield ok("settings", f"complete, for {mode}; issuer {settings.issuer}")
    yield _proxy(settings)
    yield from _tls(settings, now)
    yield from _files(settings)


def _proxy(settings: Settings) -> Finding:
    if settings.trusted_proxies:
        return ok("proxy", f"forwarding headers are believed from {len(settings.trusted_proxies)} networks")
    if settings.development or settings.tls.cert is not None:
        return ok("proxy", "none; forwarding headers are not believed")
    return weak(
        "proxy",
        "a proxy ends https before us, and its forwarding headers are not believed: all people share its address "
        "when sign-ins are throttled",
        "Set EVERGRANT_TRUSTED_PROXIES to the proxy's network.",
    )


def _tls(settings: Settings, now: Millis) -> Iterator[Finding]:
    cert, key = settings.tls.cert, settings.tls.key
    if cert is None or key is None:
        return
    try:
        leaf = x509.load_pem_x509_certificates(cert.read_bytes())[0]
    except (OSError, ValueError, IndexError):
        yield broken("tls", f"{cert} holds no certificate that can be read", "Name a PEM file with --tls-cert.")
        return
    days = (leaf.not_valid_after_utc - datetime.fromtimestamp(now / 1000, UTC)).days
    host = urlsplit(settings.issuer).hostname or ""
    if days < 0:
        yield broken("tls", f"the certificate expired {-days} days ago", "Renew it and start again.")
    elif not _names(leaf, host):
        yield broken("tls", f"the certificate is not for {host}", "Get one for the issuer's host name.")
    elif days < _SOON_DAYS:
        yield weak("tls", f"the certificate expires in {days} days", "Renew it and start again.")
    else:
        yield ok("tls", f"the certificate is for {host} and good for {days} days")
    yield _private("tls key", key)


def _names(leaf: x509.Certificate, host: str) -> bool:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    dns = [name.lower() for name in names.get_values_for_type(x509.DNSName)]
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return host in dns or host in addresses or f"*.{host.partition('.')[2]}" in dns


def _files(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if folder.exists():
        mode = folder.stat().st_mode & 0o077
        if mode:
            yield weak("data folder", f"others may look into {folder}", f"chmod 700 {folder}")
        else:
            yield ok("data folder", f"{folder} is for its owner only")
    files = [folder / demo_file.FILE_NAME]
    if settings.database_file is not None:
        files.append(settings.database_file)
    if settings.masters is None:
        files.append(folder / master_key.FILE_NAME)
    yield from (_private(path.name, path) for path in files if path.exists())
    if settings.masters is not None and not settings.development and (folder / master_key.FILE_NAME).exists():
        yield weak(
            "master key",
            "a master key of development mode lies in the data folder and is not used",
            "Remove it, unless signing keys are still sealed under it.",
        )


def _private(check: str, path: Path) -> Finding:
    if path.stat().st_mode & 0o077:
        return broken(check, f"others may read {path}", f"chmod 600 {path}, and rotate what was in it.")
    return ok(check, f"{path} is for its owner only")
