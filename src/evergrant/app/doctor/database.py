"""Checks of the store: reachable, at head, its clock, its SQLite, the keys sealed in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from evergrant.app.doctor.findings import Finding, broken, ok, weak
from evergrant.app.office import Office
from evergrant.app.readiness import CLOCK_DIFFERENCE
from evergrant.app.settings import Settings
from evergrant.core.ports.world import Clock

_FIX_CLOCK: Final = "Let both machines follow the same time server."


async def check_database(settings: Settings, office: Office, clock: Clock) -> list[Finding]:
    """Raises StoreUnavailable."""
    found = [ok("database", f"{settings.database_in_words}; it answers")]
    before = clock()
    health = await office.store.health()
    if health.schema == "head":
        found.append(ok("schema", "at head"))
    else:
        found.append(broken("schema", health.schema, "Run `evergrant db upgrade`."))
    if health.now is not None:
        difference = max(before - health.now, health.now - clock(), 0)
        says = f"the database's clock differs by {difference / 1000:.1f} s"
        found.append(ok("clock", says) if difference <= CLOCK_DIFFERENCE else broken("clock", says, _FIX_CLOCK))
    found += _sqlite(settings)
    found += await _keys(office)
    return found


def _sqlite(settings: Settings) -> Iterator[Finding]:
    if not settings.sqlite:
        return
    from evergrant.store.sql.sqlite import SAFE_WITH_SEVERAL, driver

    module = driver()
    if module.sqlite_version_info >= SAFE_WITH_SEVERAL:
        yield ok("sqlite", f"SQLite {module.sqlite_version}")
        return
    yield weak(
        "sqlite",
        f"SQLite {module.sqlite_version} can corrupt a database that several connections write; one is used, which is "
        "slower, and commands must not write while the server runs",
        "Install pysqlite3, or a Python whose SQLite is 3.51.3 or newer.",
    )


async def _keys(office: Office) -> list[Finding]:
    listed = await office.keys.listing()
    active = [it.key for it in listed if it.status == "active"]
    sealed = [it.key.kid for it in listed if it.key.master_key_id not in office.masters and it.status != "removed"]
    if sealed:
        fix = "Give this server the master key they were sealed under as well, as 1:…,2:…."
        return [broken("keys", f"{len(sealed)} signing keys are sealed under a master key that is not here", fix)]
    if {key.alg for key in active} != {"ES256", "RS256"}:
        return [broken("keys", "a signing key is missing", "Start the server once, or `evergrant keys rotate`.")]
    return [ok("keys", ", ".join(f"{key.alg} {key.kid}" for key in active))]
