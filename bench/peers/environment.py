"""What the peers run in: a Python environment and node modules of their own, made when they are first wanted."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".bench"
NODE_PEER = Path(__file__).parent / "oidc_provider"


def python() -> str:
    """The interpreter of the Python peers; EVERGRANT_BENCH_PYTHON names another than `.bench`'s."""
    chosen = os.environ.get("EVERGRANT_BENCH_PYTHON")
    if chosen is None:
        # Make knows whether requirements/bench.txt has changed since.
        _run("make", "--silent", "-C", str(ROOT), f"{ENVIRONMENT.name}/.bench")
        chosen = str(ENVIRONMENT / "bin" / "python")
    return chosen


def node() -> str:
    """The node program, after its modules are installed as the lock file says."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        raise RuntimeError("oidc-provider needs node and npm (Debian: nodejs, npm).")
    installed = NODE_PEER / "node_modules" / ".installed"
    lock = (NODE_PEER / "package-lock.json").read_text()
    if not installed.exists() or installed.read_text() != lock:
        _run(npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(NODE_PEER))
        installed.write_text(lock)
    return program


def _run(*command: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout[-4000:]}")
