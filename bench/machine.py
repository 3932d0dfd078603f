"""On what, when and of which commit the figures are."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pysqlite3

from bench.peers import environment
from tests.support import postgres

ROOT = Path(__file__).resolve().parents[1]


def machine(*, peers: bool) -> dict[str, object]:
    """Everything that somebody needs who wants to compare."""
    return {
        "begun": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _said("git", "-c", "safe.directory=*", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"),
        "changed_since": bool(
            _said("git", "-c", "safe.directory=*", "-C", str(ROOT), "status", "--porcelain", "--", "src")
        ),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 2),
        "fdatasync_ms": _fdatasync_ms(),
        "versions": {
            "Python": platform.python_version(),
            "SQLite": _sqlite(),
            "PostgreSQL": _number(_said(str(postgres.programs() / "postgres"), "--version")),
            "wrk": _number(_said("wrk", "-v")),
            "node": _number(_said("node", "--version")),
            **{name: version(name) for name in ("evergrant", "uvicorn", "cryptography", "psycopg")},
        },
        "peers": _installed("authlib", "flask", "gunicorn", "django", "django-oauth-toolkit") if peers else {},
    }


def _installed(*names: str) -> dict[str, str]:
    """The versions in the peers' environment."""
    program = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    told = _said(environment.python(), "-c", program, *names).split()
    return dict(zip(names, told, strict=True)) | _node_modules()


def _node_modules() -> dict[str, str]:
    lock = ROOT / "bench" / "peers" / "oidc_provider" / "package-lock.json"
    if not lock.exists():
        return {}
    return {"oidc-provider": json.loads(lock.read_text())["packages"]["node_modules/oidc-provider"]["version"]}


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return named.group(1) if named else platform.machine()


def _fdatasync_ms() -> float:
    """The median of 50, each after a write of 4 KiB, where temporary files go."""
    with tempfile.TemporaryFile() as file:
        waits = []
        for _ in range(50):
            file.write(b"x" * 4096)
            file.flush()
            before = time.perf_counter()
            os.fdatasync(file.fileno())
            waits.append(time.perf_counter() - before)
    return round(sorted(waits)[25] * 1e3, 3)


def _sqlite() -> str:
    return str(pysqlite3.sqlite_version)


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip()


def _number(text: str) -> str:
    found = re.search(r"\d+(?:\.\d+)+", text)
    return found.group() if found else "not found"
