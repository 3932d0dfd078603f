"""A real `evergrant serve`, as a process of its own with its own data folder; and the other commands."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.ports import free_port
from tests.support.waiting import until

READY_WITHIN = 30.0  # seconds
STOPPED_WITHIN = 15.0
COMMAND_ENDS_WITHIN = 120.0


@dataclass(frozen=True, slots=True)
class DemoClient:
    """One client of demo.json. The secret is None for a public one."""

    client_id: str
    client_secret: str | None
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Demo:
    """What a first start in development mode writes to demo.json for scripts."""

    issuer: str
    username: str
    password: str
    clients: Mapping[str, DemoClient]

    @classmethod
    def read(cls, data_dir: Path) -> "Demo":
        """Read `data_dir`/demo.json."""
        written = json.loads((data_dir / "demo.json").read_text())
        return cls(
            issuer=written["issuer"],
            username=written["user"]["username"],
            password=written["user"]["password"],
            clients={
                name: DemoClient(
                    client["client_id"], client.get("client_secret"), tuple(client.get("redirect_uris", ()))
                )
                for name, client in written["clients"].items()
            },
        )


def _environment(data_dir: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Our own environment without the settings of whoever runs the tests, and with the test's."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("EVERGRANT_")}
    # Compiled modules are kept, whatever this machine says: every command would otherwise compile all of them again.
    python = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": ""}
    return {**inherited, **python, "EVERGRANT_DATA_DIR": str(data_dir), **settings}


def evergrant(
    *arguments: str, data_dir: Path, settings: Mapping[str, str] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `evergrant …` to its end; the caller looks at `returncode`. `settings`: the environment."""
    return subprocess.run(
        [sys.executable, "-m", "evergrant", *arguments],
        env=_environment(data_dir, settings or {}),
        cwd=data_dir.parent,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=COMMAND_ENDS_WITHIN,
        check=False,
    )


@dataclass(slots=True)
class Server:
    """A server process that can be started, stopped, killed and started again on the same data and port."""

    data_dir: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    within: tuple[str, ...] = ()  # a program that starts it, such as `setpriv …`
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        """Where it answers, without a slash at the end; in development mode also the issuer."""
        return f"http://localhost:{self.port}"

    @property
    def demo(self) -> Demo:
        """The demo objects, as the first start wrote them."""
        return Demo.read(self.data_dir)

    @property
    def log_file(self) -> Path:
        """Standard output and standard error of every start."""
        return self.data_dir.parent / f"{self.data_dir.name}.log"

    def log(self) -> str:
        """All it has said so far."""
        return self.log_file.read_text(errors="replace")

    def start(self) -> None:
        """Start it and wait until `/readyz` says 200. Raises with the log if it ends or takes too long."""
        self.launch()
        try:
            until(self._ready, what="/readyz answers 200", seconds=READY_WITHIN)
        except (TimeoutError, RuntimeError) as problem:
            self.kill()
            raise RuntimeError(f"{problem}\n{self.log()}") from problem

    def launch(self) -> None:
        """Start it and wait for nothing."""
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.within, sys.executable, "-m", "evergrant", "serve", "--port", str(self.port), *self.arguments],
                env=_environment(self.data_dir, self.settings),
                cwd=self.data_dir.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that its workers can be ended with it
            )

    def _ready(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(f"The server ended with exit code {self.process.returncode}.")
        return self.status_of("/readyz") == 200

    def status_of(self, path: str) -> int | None:
        """The HTTP status of a GET, or None when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path, headers={"Host": f"localhost:{self.port}"})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def stop(self) -> int:
        """Ask it to end, as an operator does, and return its exit code."""
        assert self.process is not None, "the server was never started"
        self._signal(signal.SIGTERM)
        try:
            return self.process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """End it and its workers at once, as a crash does. It may have ended already."""
        if self.process is not None:
            self._signal(signal.SIGKILL)
            self.process.wait()

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


class StartServer(Protocol):
    """Starts a server and returns it once it is ready; ended with the test."""

    def __call__(
        self, *arguments: str, settings: Mapping[str, str] | None = None, data_dir: Path | None = None
    ) -> Server:
        """`settings` are environment variables, `arguments` go to `serve`; a new data folder by default."""
        ...


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """For tests that set something, restart, or want a server of their own."""
    started: list[Server] = []

    def start(*arguments: str, settings: Mapping[str, str] | None = None, data_dir: Path | None = None) -> Server:
        folder = data_dir or tmp_path / f"data-{len(started)}"
        server = Server(folder, settings=settings or {}, arguments=arguments)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on SQLite with default settings, for all tests of a file: leave it as it was found."""
    server = Server(tmp_path_factory.mktemp("server") / "data")
    server.start()
    yield server
    server.kill()
