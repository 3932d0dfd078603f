"""One folder for a whole run, shared by its parallel workers, and removed when the run ends.

Something dear, such as a database server, is started there once, by the first worker that needs it, and
stopped by the process that started the workers: it is the last to end.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_VARIABLE = "EVERGRANT_TEST_RUN"
_endings: list[Callable[[], None]] = []


def folder() -> Path:
    """The run's folder. Everybody may pass through it: a database server does not run as root."""
    return Path(os.environ[_VARIABLE])


@contextmanager
def only_one(name: str) -> Iterator[None]:
    """Hold a lock of that name against the other workers of this run."""
    with (folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def at_the_end(ending: Callable[[], None]) -> None:
    """Have `ending` called when all workers have ended. It runs in the process that started them."""
    _endings.append(ending)


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder before the workers are started; they inherit its name."""
    if not hasattr(config, "workerinput"):
        made = tempfile.mkdtemp(prefix="evergrant-tests-")
        Path(made).chmod(0o755)
        os.environ[_VARIABLE] = made


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what was started for the run, then take the folder away."""
    if hasattr(config, "workerinput") or _VARIABLE not in os.environ:
        return
    for ending in _endings:
        ending()
    shutil.rmtree(folder(), ignore_errors=True)
    del os.environ[_VARIABLE]
