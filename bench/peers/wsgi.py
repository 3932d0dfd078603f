"""Running a Python peer: gunicorn over a PostgreSQL of its own, filled by the peer's own program."""

import os
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.peers import database, environment, processes
from bench.peers.peer import Running

WORKERS = 2
"""As many as Evergrant's: one for each core of the machine the figures are from."""

CLIENT_ID = "bench"


@dataclass(frozen=True, slots=True)
class Application:
    """A WSGI application in `folder`, beside a `seed.py` that makes its tables, client and grants."""

    name: str
    folder: Path
    module: str
    """As gunicorn takes it."""
    token_path: str
    tables: tuple[str, ...]
    """Where it keeps tokens."""
    durable: str
    worker_class: tuple[str, ...]
    """gunicorn's options for the kind of worker."""
    settings: Mapping[str, str]
    """Environment variables besides the database's URL."""
    dialect: str = "postgresql"
    """What its database URL begins with."""


def start(application: Application, folder: Path) -> Running:
    """See `Peer.start`."""
    python = environment.python()
    store = database.start(folder)
    try:
        return _serve(application, folder, python, store)
    except BaseException:
        store.stop()
        raise


def _serve(application: Application, folder: Path, python: str, store: database.Database) -> Running:
    secret = secrets.token_urlsafe(32)
    variables = {
        **application.settings,
        "BENCH_DATABASE": application.dialect + store.url.removeprefix("postgresql"),
        # Authlib and oauthlib otherwise refuse plain HTTP. In production a proxy ends TLS in front of each server here.
        "AUTHLIB_INSECURE_TRANSPORT": "1",
        "OAUTHLIB_INSECURE_TRANSPORT": "1",
    }

    def seed(*arguments: str) -> list[str]:
        done = subprocess.run(
            [python, "seed.py", *arguments],
            cwd=application.folder,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{application.name}: seed.py {arguments[0]} failed:\n{done.stderr[-4000:]}")
        return done.stdout.split()

    seed("tables", secret)
    port = processes.free_port()
    server = processes.launch(
        [
            *(python, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS)),
            *("--log-level", "warning", "--backlog", "2048", "--no-control-socket"),
            *application.worker_class,
            application.module,
        ],
        folder / f"{application.name}.log",
        cwd=application.folder,
        environment=variables,
    )
    processes.wait_for(server, port)

    def stop() -> None:
        server.stop()
        store.stop()

    return Running(
        name=application.name,
        url=f"http://127.0.0.1:{port}",
        token_path=application.token_path,
        pids=(server.pid,),
        store_pids=(store.pid,),
        chains=lambda count: [
            f"{token} client_id={CLIENT_ID}&client_secret={secret}" for token in seed("grants", str(count))
        ],
        headers={},
        durable=application.durable,
        rows=lambda: store.rows(*application.tables),
        stop=stop,
    )
