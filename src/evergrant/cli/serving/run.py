"""`evergrant serve`: one process or several, until a signal ends them."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from evergrant.app.application import Application
from evergrant.app.settings import Settings, load_settings
from evergrant.app.wiring import application, clock, prepare
from evergrant.cli.failures import Failure
from evergrant.cli.serving.banner import say_started
from evergrant.cli.serving.bounded_head import BoundedHead
from evergrant.cli.serving.sockets import listen
from evergrant.server.log import Log, open_log, route_standard_logging

DRAIN_S: Final = 20
"""How long answers that are under way may take after the server was asked to end."""


def run(given: Mapping[str, object]) -> None:
    """Serve until SIGTERM or SIGINT. `given` are settings of the top level that win. Raises SettingsError, Failure."""
    settings = load_settings(None, **given)
    log = _log(settings)
    workers = settings.listen.workers
    if workers > 1 and settings.sqlite:
        log.warning("one_process", cause="SQLite is written by one process; use PostgreSQL for --workers")
        workers = 1
    sockets = listen(settings.listen.host, settings.listen.port)
    signals = _Signals()
    if workers == 1:
        _serve_alone(settings, log, sockets, signals)
    else:
        _supervise(settings, given, workers, sockets)


def _log(settings: Settings) -> Log:
    log = open_log(settings.log.format, settings.log.level, clock)
    route_standard_logging(log, settings.log.level)
    return log


def _serve_alone(settings: Settings, log: Log, sockets: list[socket.socket], signals: _Signals) -> None:
    app = application(settings, log)
    config = _config(app, settings)

    async def serve() -> None:
        try:
            say_started(settings, await app.start())
            signals.served = True
            await uvicorn.Server(config).serve(sockets)
        finally:
            await app.close()

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(serve())


class _Signals:
    """uvicorn drains at the first signal and then raises it again, which would end us as if by a crash.

    Before it serves, a signal ends the start at once.
    """

    def __init__(self) -> None:
        self.served = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._arrived)

    def _arrived(self, number: int, _frame: FrameType | None) -> None:
        if not self.served:
            raise SystemExit(128 + number)


@dataclass(frozen=True, slots=True)
class Worker:
    """Makes the application in a worker process: secrets do not travel there, it reads the settings again."""

    folder: Path
    given: Mapping[str, object]

    def __call__(self) -> Application:
        settings = load_settings(self.folder, **self.given)
        return application(settings, _log(settings))


def _supervise(settings: Settings, given: Mapping[str, object], workers: int, sockets: list[socket.socket]) -> None:
    from uvicorn.config import STARTUP_FAILURE
    from uvicorn.supervisors import Multiprocess

    say_started(settings, asyncio.run(prepare(settings, _log(settings))))
    config = _config(Worker(Path.cwd(), dict(given)), settings, workers=workers)
    supervisor = Multiprocess(config, sockets=sockets)
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise Failure("a worker process could not start", "Its reason is in the log above.")


def _config(app: Application | Worker, settings: Settings, *, workers: int = 1) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, Worker),
        workers=workers,
        lifespan="on" if isinstance(app, Worker) else "off",
        # Its lines carry URLs, and URLs carry codes: our own line names the endpoint only.
        access_log=False,
        log_config=None,
        # The entry believes forwarding headers from configured peers, and nobody else's.
        proxy_headers=False,
        server_header=False,
        http=BoundedHead,
        ws="none",
        timeout_graceful_shutdown=DRAIN_S,
        ssl_certfile=settings.tls.cert,
        ssl_keyfile=settings.tls.key,
    )
