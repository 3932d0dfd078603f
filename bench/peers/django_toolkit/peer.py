"""Starting django-oauth-toolkit."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from bench.peers import wsgi
from bench.peers.peer import Running


@dataclass(frozen=True, slots=True)
class DjangoToolkit:
    """Under gunicorn, with PostgreSQL."""

    name: str
    hash_secret: bool
    """Whether the client's secret is kept as a password is (the toolkit's default) or in clear."""
    worker_class: tuple[str, ...] = ("--worker-class", "gthread", "--threads", "4")

    def start(self, folder: Path) -> Running:
        """See `Peer.start`."""
        application = wsgi.Application(
            name=self.name,
            folder=Path(__file__).parent,
            module="django.core.wsgi:get_wsgi_application()",
            token_path="/o/token/",
            tables=("oauth2_provider_accesstoken", "oauth2_provider_refreshtoken"),
            durable="both new tokens and the old one's end: one commit",
            worker_class=self.worker_class,
            settings={
                "DJANGO_SETTINGS_MODULE": "settings",
                "BENCH_SECRET_KEY": secrets.token_urlsafe(50),
                "BENCH_HASH_SECRET": "yes" if self.hash_secret else "no",
            },
        )
        return wsgi.start(application, folder)
