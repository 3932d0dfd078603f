"""A PostgreSQL server of the peer's own, as durable as it comes."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support import postgres


@dataclass(frozen=True, slots=True)
class Database:
    """One server with one database in it."""

    server: postgres.PostgresServer
    url: str
    """As psycopg takes it."""

    @property
    def pid(self) -> int:
        """Of the main process."""
        return int((self.server.folder / "data" / "postmaster.pid").read_text().split(maxsplit=1)[0])

    def rows(self, *tables: str) -> int:
        """How many rows these tables hold together."""
        with psycopg.connect(self.url) as connection:
            counts = (
                connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
                for table in tables
            )
            return sum(count[0] for count in counts if count is not None)

    def stop(self) -> None:
        """Stop the server and remove its files."""
        self.server.stop()
        shutil.rmtree(self.server.folder)


def start(folder: Path) -> Database:
    """A new server in `folder`/pg, with fsync and synchronous_commit on (as they are unless switched off)."""
    server = postgres.launch(folder / "pg")
    return Database(server, server.new_database().replace("postgresql+psycopg", "postgresql"))
