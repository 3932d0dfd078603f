"""`evergrant serve`: one process or several, until a signal ends them."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from evergrant.app.application import Application
from evergrant.app.settings import MOST_WORKERS, Settings, load_settings
from evergrant.app.wiring import application, clock, prepare
from evergrant.cli.failures import Failure
from evergrant.cli.serving.banner import ONE_PROCESS, say_started
from evergrant.cli.serving.bounded_requests import BoundedRequests
from evergrant.cli.serving.cores import cores
from evergrant.cli.serving.descriptors import raise_the_limit
from evergrant.cli.serving.draining import DrainingServer
from evergrant.cli.serving.shared_metrics import metrics_folder, shared_metrics
from evergrant.cli.serving.sockets import listen, reserve
from evergrant.server.log import Log, open_log, route_standard_logging

DRAIN_S: Final = 20
"""How long answers that are under way may take after the server was asked to end."""


def run(given: Mapping[str, object]) -> None:
    """Serve until SIGTERM or SIGINT. `given` are settings of the top level that win. Raises SettingsError, Failure."""
    settings = load_settings(None, **given)
    log = _log(settings)
    raise_the_limit()
    workers = number_of_workers(settings)
    if (settings.listen.workers or 1) > workers:
        log.warning("one_process", asked_for=settings.listen.workers, cause=ONE_PROCESS)
    host, port = settings.listen.host, settings.listen.port
    signals = _Signals()
    if workers == 1:
        _serve_alone(settings, log, listen(host, port), signals)
    else:
        _supervise(settings, given, workers, log, reserve(host, port))


def number_of_workers(settings: Settings) -> int:
    """As many as asked for, else one for each core; always one on SQLite."""
    if settings.sqlite:
        return 1
    return settings.listen.workers or min(cores(), MOST_WORKERS)


def _log(settings: Settings) -> Log:
    log = open_log(settings.log.format, settings.log.level, clock)
    route_standard_logging(log, settings.log.level)
    return log


def _serve_alone(settings: Settings, log: Log, sockets: list[socket.socket], signals: _Signals) -> None:
    app = application(settings, log)
    config = _config(app, settings)

    async def serve() -> None:
        try:
            say_started(settings, await app.start(), 1)
            signals.served = True
            await DrainingServer(config).serve(sockets)
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
    """Makes the application in a worker process: secrets do not travel there, it reads the settings again.

    `figures`: the folder where all workers count.
    """

    folder: Path
    given: Mapping[str, object]
    figures: Path

    def __call__(self) -> Application:
        _end_with_parent()
        settings = load_settings(self.folder, **self.given)
        return application(settings, _log(settings), metrics=shared_metrics(self.figures))


def _end_with_parent() -> None:
    """A worker that nobody supervises any more drains and ends: it would keep the port from the next start."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="evergrant parent watch", daemon=True).start()


def _supervise(
    settings: Settings, given: Mapping[str, object], workers: int, log: Log, sockets: list[socket.socket]
) -> None:
    # Late: one process needs none of it.
    from evergrant.cli.serving.supervisor import Supervisor

    began = asyncio.run(prepare(settings, log))
    with metrics_folder(settings.data_dir) as figures:
        say_started(settings, began, workers)
        config = _config(Worker(Path.cwd(), dict(given), figures), settings, workers=workers)
        supervisor = Supervisor(config, sockets, log)
        supervisor.run()
    if supervisor.failed:
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
        http=BoundedRequests,
        ws="none",
        timeout_graceful_shutdown=DRAIN_S,
        ssl_certfile=settings.tls.cert,
        ssl_keyfile=settings.tls.key,
    )
