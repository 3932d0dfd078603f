"""Starting Authlib's server."""

from dataclasses import dataclass
from pathlib import Path

from bench.peers import wsgi
from bench.peers.peer import Running


@dataclass(frozen=True, slots=True)
class AuthlibFlask:
    """Under gunicorn, with PostgreSQL."""

    name: str = "authlib"
    worker_class: tuple[str, ...] = ("--worker-class", "sync")

    def start(self, folder: Path) -> Running:
        """See `Peer.start`."""
        application = wsgi.Application(
            name=self.name,
            folder=Path(__file__).parent,
            module="app:app",
            token_path="/token",
            tables=("oauth2_tokens",),
            durable="the new token's row, then the old one's end: two commits",
            worker_class=self.worker_class,
            settings={},
            dialect="postgresql+psycopg",
        )
        return wsgi.start(application, folder)
