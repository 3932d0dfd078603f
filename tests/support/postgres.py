"""A real PostgreSQL server on a free loopback port, in a folder of its own, with fsync on.

One server serves a whole run, and each test a database of its own. A test that must stop, kill or restart the
server takes `private_postgres`.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.support import run
from tests.support.pids import is_running
from tests.support.ports import free_port
from tests.support.waiting import until

USER = "evergrant"


def programs() -> Path:
    """The folder of the newest PostgreSQL server programs on this machine."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: int(found.parent.name), reverse=True)
    for found in debian:
        if (found / "initdb").exists():
            return found
    on_path = shutil.which("initdb")
    if on_path is None:
        raise RuntimeError("These tests need PostgreSQL's server programs: run `make machine`.")
    return Path(on_path).resolve().parent


def owner() -> pwd.struct_passwd | None:
    """Who runs the server: PostgreSQL refuses to run as root. None: we do."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def call(*command: str) -> None:
    """Run a server program, as its owner. Raises RuntimeError with its output."""
    who = owner()
    drop = [] if who is None else ["setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}"]
    drop += [] if who is None else ["--clear-groups"]
    done = subprocess.run(
        [*drop, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout.decode(errors='replace')}")


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """One server: where its files are and where it listens."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """For SQLAlchemy, without a database: append `/name`."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, or start it again, on the same port; returns when it answers."""
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.folder} "
            "-c fsync=on -c max_connections=200 -c log_min_messages=warning "
            "-c dynamic_shared_memory_type=mmap"  # in its folder: a killed server leaves nothing in memory
        )
        self._control("start", "-w", "-t", "60", "-l", str(self.folder / "log"), "-o", options)

    def stop(self) -> None:
        """Stop it in order; connections are cut."""
        self._control("stop", "-w", "-m", "fast")

    def crash(self) -> None:
        """Stop it as a power cut would: nothing is written any more, the next start recovers."""
        self._control("stop", "-w", "-m", "immediate")

    @property
    def is_running(self) -> bool:
        """Whether its first process runs."""
        try:
            return is_running(int(self._lock_file()[0]))
        except FileNotFoundError:
            return False

    def kill(self) -> None:
        """End it and all its processes in one moment, as when its machine loses power."""
        lines = self._lock_file()
        first = int(lines[0])
        # Stopped first: it would otherwise start others while its processes are counted.
        os.kill(first, signal.SIGSTOP)
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for pid in (first, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until(lambda: not is_running(first), what="the server is gone")
        # The system keeps the memory by which two servers on one folder would notice each other, and may keep the
        # number of a process that nobody has taken note of. A machine that lost power has neither.
        subprocess.run(["ipcrm", "-m", lines[6].split()[1]], check=True)
        (self.folder / "data" / "postmaster.pid").unlink()
        (self.folder / f".s.PGSQL.{self.port}.lock").unlink()

    def promote(self) -> None:
        """Let a standby take over; returns when it takes writes."""
        self._control("promote", "-w", "-t", "60")

    def do(self, *statements: str) -> None:
        """Carry out statements of an administrator, each in a transaction of its own or in none."""
        with self._connected() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def see(self, question: str) -> tuple[Any, ...] | None:
        """The first row of an answer."""
        with self._connected() as connection:
            return connection.execute(question.encode()).fetchone()

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(host="127.0.0.1", port=self.port, user=USER, dbname="postgres", autocommit=True)

    def _lock_file(self) -> list[str]:
        return (self.folder / "data" / "postmaster.pid").read_text().splitlines()

    def _control(self, verb: str, *arguments: str) -> None:
        call(str(programs() / "pg_ctl"), verb, "-s", "-D", str(self.folder / "data"), *arguments)

    def new_database(self, template: str = "template0") -> str:
        """Make an empty database (or a copy of `template`) and return its URL."""
        name = f"t{uuid.uuid4().hex}"
        self._administer(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        return f"{self.url}/{name}"

    def drop_database(self, url: str) -> None:
        """Drop a database although somebody may still be connected."""
        name = url.rpartition("/")[2]
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def new_database_like(self, name: str, prepare: Callable[[str], None]) -> str:
        """A copy of the database that `prepare(url)` fills once per run, under this `name`."""
        with run.only_one(f"template-{name}"):
            template_file = run.folder() / f"template-{name}"
            if not template_file.exists():
                url = self.new_database()
                prepare(url)
                template_file.write_text(url.rpartition("/")[2])
        return self.new_database(template_file.read_text())

    def _administer(self, statement: sql.Composed) -> None:
        with self._connected() as connection:
            connection.execute(statement)


def launch(folder: Path) -> PostgresServer:
    """Make a new server in `folder` (short: its socket goes there too) and start it."""
    make_folder(folder)
    call(
        str(programs() / "initdb"),
        *("-D", str(folder / "data"), "-U", USER, "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"),
    )
    return start_somewhere(folder)


def make_folder(folder: Path) -> None:
    """A new folder that belongs to whoever runs the server."""
    folder.mkdir(mode=0o700)
    who = owner()
    if who is not None:
        os.chown(folder, who.pw_uid, who.pw_gid)


def start_somewhere(folder: Path) -> PostgresServer:
    """Start the server whose data lies in `folder` on a free port."""
    for attempt in range(5):
        server = PostgresServer(folder, free_port())
        try:
            server.start()
        except RuntimeError:
            if attempt == 4:  # not the port, then: others cannot have taken five
                raise
            continue
        return server
    raise AssertionError("unreachable")


def _end_shared() -> None:
    port_file = run.folder() / "postgres-port"
    if port_file.exists():
        PostgresServer(run.folder() / "pg", int(port_file.read_text())).crash()


run.at_the_end(_end_shared)


@pytest.fixture(scope="session")
def postgres() -> PostgresServer:
    """The run's server: all workers share it; do not stop it."""
    port_file = run.folder() / "postgres-port"
    with run.only_one("postgres"):
        if not port_file.exists():
            server = launch(run.folder() / "pg")
            port_file.write_text(str(server.port))
    return PostgresServer(run.folder() / "pg", int(port_file.read_text()))


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of an empty database for one test."""
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture
def private_postgres() -> Iterator[PostgresServer]:
    """A server for one test, which may stop, crash and start it."""
    parent = Path(tempfile.mkdtemp(prefix="pg-", dir=run.folder()))
    parent.chmod(0o755)
    server = launch(parent / "pg")
    yield server
    if server.is_running:
        server.crash()
