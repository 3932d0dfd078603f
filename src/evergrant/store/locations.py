"""What a database URL says."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

REMEDY = "use memory://, sqlite:///path/to/evergrant.db or postgresql://user@host/database"


@dataclass(frozen=True, slots=True)
class InMemory:
    """Nothing is kept."""


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A database file."""

    path: Path


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """A database of a PostgreSQL server."""

    url: URL  # prints without its password


Location = InMemory | SqliteFile | PostgresDatabase


def locate(url: str) -> Location:
    """Read a database URL. Raises ValueError with a remedy, and without the URL: it may hold a password."""
    if url in ("memory:", "memory://"):
        return InMemory()
    try:
        parsed = make_url(_several_hosts_apart(url))
    except (ArgumentError, ValueError):
        raise ValueError(f"This is not a database URL: {REMEDY}.") from None
    match parsed.drivername:
        case "sqlite" if parsed.database and parsed.database != ":memory:" and not parsed.query:
            return SqliteFile(Path(parsed.database))
        case "postgresql" | "postgres" | "postgresql+psycopg" if parsed.database:
            return PostgresDatabase(parsed)
        case _:
            raise ValueError(f"There is no store for such a database URL: {REMEDY}.")


def _several_hosts_apart(url: str) -> str:
    """libpq's `user@one:5432,two:5432/database` as SQLAlchemy takes it. Raises ValueError for a port that is none."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    credentials, at, named = authority.rpartition("@")
    if "," not in named:
        return url
    hosts = [urlsplit(f"//{one}") for one in named.split(",")]
    names = ",".join(host.hostname or "" for host in hosts)
    ports = ",".join(str(host.port or "") for host in hosts)
    database, _, arguments = path.partition("?")
    spread = "&".join(filter(None, [urlencode({"host": names, "port": ports}), arguments]))
    return f"{scheme}://{credentials}{at}{slash}{database}?{spread}"
