"""Bears server processes, broken or whole, in a fraction of a second: `python -m tests.torture.mutants.nursery`.

Everything is imported once, without a thread; then each order, a line of JSON, is a fork that becomes the build it
names and runs `evergrant serve` as it is. It is in a session of its own, and the system reaps it.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NoReturn

from evergrant.app import wiring
from evergrant.cli import main
from evergrant.protocol.values import Millis
from tests.support.shared_clock import SharedClock
from tests.torture.mutants.doors import Door
from tests.torture.mutants.patching import default
from tests.torture.mutants.registry import become

NEEDED: Final = (
    "evergrant.app.beginning",
    "evergrant.app.demo",
    "evergrant.app.wiring",
    "evergrant.cli.root",
    "evergrant.cli.serve",
    "evergrant.cli.serving.run",
    "evergrant.store.sql.postgres",
    "evergrant.store.sql.sqlite",
    "evergrant.store.sql.store",
    "evergrant.store.upgrade",
    "pysqlite3.dbapi2",
    "uvicorn.lifespan.off",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
)
"""What a server imports late."""


def serve(name: str, arguments: list[str]) -> None:
    """Become that build and run the command line with these arguments."""
    become(name)
    sys.argv = ["evergrant", *arguments]
    main()


def bear(order: Mapping[str, Any]) -> int:
    """The process's number."""
    child = os.fork()
    if child == 0:
        _be_born(order)
    return child


def _be_born(order: Mapping[str, Any]) -> NoReturn:
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        log, nothing = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT), os.open(os.devnull, os.O_RDONLY)
        for end, number in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(end, number)
        os.environ.update(order["settings"])
        os.chdir(Path(order["log"]).parent)
        Door(Path(order["door"])).hang()
        _follow(SharedClock(Path(order["clock"])))
        serve(order["build"], order["arguments"])
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException as error:  # noqa: BLE001 - a child must never go on as its parent
        sys.stderr.write(f"{error!r}\n")
    sys.stderr.flush()
    os._exit(status)


def _follow(clock: SharedClock) -> None:
    """By the argument that the product has for it: libfaketime would make a start cost ten times as much."""
    default(wiring.application, "clock", lambda before: lambda: Millis(before() + clock.seconds * 1000))


if __name__ == "__main__":
    for needed in NEEDED:
        import_module(needed)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever ends is reaped by the system
    for line in sys.stdin:
        sys.stdout.write(json.dumps([bear(json.loads(line))]) + "\n")
        sys.stdout.flush()
