"""Starting a server and its database, waiting until they answer, and ending them."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SECONDS_TO_START = 60
SECONDS_TO_STOP = 10


@dataclass(frozen=True, slots=True)
class Server:
    """A process, in a group of its own with all its children."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        """Of the first process."""
        return self.process.pid

    def stop(self) -> None:
        """Ask it to end, then end the whole group."""
        if self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):  # the whole group is killed next
                self.process.wait(SECONDS_TO_STOP)
        with suppress(ProcessLookupError):  # nobody is left
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def launch(
    command: list[str], log: Path, *, cwd: Path, environment: Mapping[str, str], pipes: int | None = subprocess.DEVNULL
) -> Server:
    """Start a server that writes its complaints to `log`. `pipes`: what its input and output are."""
    errors: IO[bytes]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **environment},
            stdin=pipes,
            stdout=pipes,
            stderr=errors,
            start_new_session=True,
        )
    return Server(process, log)


def wait_for(server: Server, port: int) -> None:
    """Return when `port` takes connections. Stops the server and raises RuntimeError if it never does."""
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end and server.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    server.stop()
    raise RuntimeError(f"It did not start:\n{server.log.read_text(errors='replace')[-4000:]}")


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
