"""What a start says to the person before the terminal. The only place where fresh demo secrets are shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from evergrant import __version__
from evergrant.app.beginning import Began
from evergrant.app.demo import DemoMade
from evergrant.app.settings import Settings

ONE_PROCESS: Final = "SQLite is written by one process; several need PostgreSQL (EVERGRANT_DATABASE__URL)"


def say_started(settings: Settings, began: Began, workers: int) -> None:
    """Write it to standard output, in UTF-8 where the terminal has it."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # standard output is a text stream
    for line in lines(settings, began, workers):
        print(line)
    print(flush=True)


def lines(settings: Settings, began: Began, workers: int) -> list[str]:
    """The banner. Its parts are stable: name, mode, then one line each for database, keys, workers, demo, address."""
    folder = _short(settings.data_dir)
    mode = f"development mode: loopback only, data in {folder}" if settings.development else "production"
    said = [
        f"  Evergrant {__version__} · {mode}",
        f"  ✓ database   {_database(settings)}, schema at head)",
        f"  ✓ keys       {', '.join(f'{key.alg} {key.kid[:8]}…' for key in began.keys)}; {_master(settings)}",
    ]
    said += _workers(settings, workers)
    if began.demo is not None:
        said += _demo(settings, began.demo)
    said += [f"  Open         {settings.issuer}"]
    if began.demo is not None:
        said += [
            "  Next         evergrant try          walks the whole loop: sign in, call an API, refresh, retry, replay"
        ]
    return said


def _database(settings: Settings) -> str:
    file = settings.database_file
    if file is not None:
        return f"{_short(file)} (SQLite"
    host = settings.database_url.reveal().rpartition("@")[2].partition("?")[0].removeprefix("postgresql+psycopg://")
    return f"{host} (PostgreSQL"


def _master(settings: Settings) -> str:
    if settings.masters is None:
        return f"master key in {_short(settings.data_dir / 'master.key')} (0600)"
    return f"master key {settings.masters.current} from the settings"


def _workers(settings: Settings, workers: int) -> list[str]:
    """Nothing of one process where nobody asked for more."""
    asked_for = settings.listen.workers
    if asked_for is not None and asked_for > workers:
        return [f"  ! workers    {workers}, not {asked_for}: {ONE_PROCESS}"]
    if workers == 1:
        return []
    return [f"  ✓ workers    {workers} processes" + (", one for each core" if asked_for is None else "")]


def _demo(settings: Settings, demo: DemoMade) -> list[str]:
    if demo.fresh is not None:
        made = demo.fresh
        return [
            f"  ✓ demo       client demo-web (public, PKCE) · user {made.username} / {made.password.reveal()}",
            *(f"               client {name} / {secret.reveal()}" for name, secret in made.secrets.items()),
            f"               shown once; scripts find them in {_short(settings.data_dir / 'demo.json')} (0600)",
        ]
    if demo.file_is_there:
        return [f"  ✓ demo       as before; its secrets are in {_short(settings.data_dir / 'demo.json')}"]
    return [
        "  ✓ demo       as before, but demo.json is gone: `evergrant user set-password ada` and",
        "               `evergrant client rotate-secret demo-service` make new secrets",
    ]


def _short(path: Path) -> str:
    """As the person would type it."""
    try:
        return f"./{path.relative_to(Path.cwd())}"
    except ValueError:
        return str(path)
