"""Figures of several processes: each counts in files of its own, and whoever is asked for `/metrics` adds them up.

prometheus_client does the counting and the adding (docs/adr/0018). Here is where the files are, and whose they are.
They are mapped into memory, so what a process counted before it was killed stays counted.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from prometheus_client import values

from evergrant.cli.failures import Failure
from evergrant.cli.serving.locks import lock, locked
from evergrant.server.metrics import Metrics

_PREFIX: Final = "metrics-"
_KINDS: Final = ("counter", "histogram", "gauge_max")
_BYTES: Final = 256 * 1024
"""Of one file: more than twice what all our series need."""


@contextmanager
def metrics_folder(data_dir: Path) -> Iterator[Path]:
    """A folder that only we may read (0700), for as long as this server runs. Raises Failure.

    It lies in `data_dir`, the only folder that is written to. What a server that was killed has left there is removed.
    """
    with ExitStack() as ours:
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Between making the folder and locking it, another server's start must not take it for abandoned.
            with locked(data_dir, wait=True):
                _remove_abandoned(data_dir)
                folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=data_dir.absolute()))
                ours.callback(shutil.rmtree, folder, ignore_errors=True)
                ours.enter_context(locked(folder))
        except OSError as error:
            raise Failure(
                f"several processes count in {data_dir}, which cannot be written to: {error.strerror}",
                "Let the server's user write there, name another folder (EVERGRANT_DATA_DIR), or use --workers 1.",
            ) from None
        yield folder


def _remove_abandoned(data_dir: Path) -> None:
    for folder in data_dir.glob(f"{_PREFIX}*/"):
        with suppress(BlockingIOError), locked(folder):
            shutil.rmtree(folder, ignore_errors=True)


def shared_metrics(folder: Path) -> Metrics:
    """Have this process count in `folder`. Once in a process, before anything else counts in it. Raises OSError.

    A process takes the first number that no living one holds, and counts on in its files: so there are never more files
    than processes at one time, however often one is replaced.
    """
    number = _take_number(folder)
    for kind in _KINDS:
        _set_space_aside(folder / f"{kind}_{number}.db")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    # The documented way to name a process by something else than its id. The variable alone would come too late: it is
    # looked at when the library is imported.
    values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]  # it has no types
    return Metrics(folder)


def _take_number(folder: Path) -> int:
    number = 1
    while True:
        place = folder / f"{number}.lock"
        place.touch(mode=0o600)
        try:
            lock(place)  # until this process ends
        except BlockingIOError:
            number += 1
        else:
            return number


def _set_space_aside(file: Path) -> None:
    """On a full disk, writing to a mapped page that has no block yet would kill the process (SIGBUS)."""
    if file.exists():
        return
    # Under another name first: who adds up must not find a file that has no length yet.
    fresh = file.with_suffix(".new")
    with fresh.open("wb") as opened:
        if sys.platform == "linux":
            os.posix_fallocate(opened.fileno(), 0, _BYTES)
        else:
            opened.truncate(_BYTES)
    fresh.rename(file)
