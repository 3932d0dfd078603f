"""Where the loaded databases lie, and the PostgreSQL server that holds some of them."""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import psycopg

from evergrant.store.sql.sqlite import driver
from tests.support.postgres import USER, PostgresServer, launch

ROOT = Path(os.environ.get("EVERGRANT_SCALE_DIR", "/tmp/scale"))
"""Everything is kept below, to be measured again; delete it when done."""

Kind = Literal["sqlite", "postgresql"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# Beside the defaults: enough memory for the indexes of ten million grants, as anybody would give it.
CONFIGURATION = "shared_buffers = 2GB\nmax_wal_size = 8GB\ncheckpoint_timeout = 15min\nmaintenance_work_mem = 1GB\n"


@dataclass(frozen=True, slots=True)
class Place:
    """One loaded database: which kind, how many grants it was filled with, and the server's own folder beside it."""

    kind: Kind
    grants: int

    @property
    def data(self) -> Path:
        return ROOT / f"{self.kind}-{self.grants}"

    @property
    def file(self) -> Path:
        return self.data / "evergrant.db"

    @property
    def name(self) -> str:
        return f"scale{self.grants}"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}" if self.kind == "sqlite" else f"{postgres().url}/{self.name}"

    def connect(self) -> "closing[Any]":
        """A connection of the driver's own, each statement a transaction."""
        if self.kind == "sqlite":
            return closing(driver().connect(str(self.file), isolation_level=None, timeout=60))
        return closing(self.psycopg())

    def psycopg(self) -> "psycopg.Connection[Any]":
        server = postgres()
        return psycopg.connect(host="127.0.0.1", port=server.port, user=USER, dbname=self.name, autocommit=True)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """All rows of a statement that both databases understand."""
        with self.connect() as connection:
            return [tuple(row) for row in connection.execute(statement).fetchall()]

    def forget_pages(self) -> None:
        """Take this database's pages out of every cache, so that the next look finds them on the disk."""
        if self.kind == "postgresql":
            postgres().stop()
        found = [self.file] if self.kind == "sqlite" else (ROOT / "pg" / "data" / "base").rglob("*")
        for path in found:
            if path.is_file():
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.fdatasync(descriptor)
                    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                finally:
                    os.close(descriptor)
        if self.kind == "postgresql":
            postgres()


def postgres() -> PostgresServer:
    """The server of all PostgreSQL places, made at the first call; it goes on running between commands."""
    port_file = ROOT / "pg-port"
    if not port_file.exists():
        ROOT.mkdir(parents=True, exist_ok=True)
        server = launch(ROOT / "pg")
        with (ROOT / "pg" / "data" / "postgresql.auto.conf").open("a") as file:
            file.write(CONFIGURATION)
        server.stop()
        server.start()
        port_file.write_text(str(server.port))
    server = PostgresServer(ROOT / "pg", int(port_file.read_text()))
    if not (ROOT / "pg" / "data" / "postmaster.pid").exists():
        server.start()
    return server


def postmaster() -> int:
    """The process id of PostgreSQL's main process."""
    return int((ROOT / "pg" / "data" / "postmaster.pid").read_text().splitlines()[0])
