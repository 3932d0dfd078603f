"""Keeps the worker processes of one server: starts them, replaces those that end, and has them drain at the end.

uvicorn's supervisor starts processes and hears signals. What it does when something goes wrong is decided here, because
there it waits for a silent worker before it looks at the next one or at a signal, and ends the whole server when a
replacement cannot start: a database that is away for a moment would end the workers that wait for it.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import uvicorn
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from evergrant.cli.serving.draining import WorkerServer
from evergrant.server.log import Log

SILENT_ROUNDS: Final = 60
"""Rounds (uvicorn's, half a second each) in which not even a thread of a worker answers: then it hangs, and is killed.

A worker at work is slow to answer, and must not look like one that hangs: the thread needs one turn in half a minute.
Rounds, because a machine that stood still has made none.
"""

STARTING_ROUNDS: Final = 600
"""The same before it has started: many that start at once on a busy machine take long, and have no callers yet."""

REST_ROUNDS: Final = 4
"""Rounds between a worker that could not start and the next try."""

ENDS_WITHIN_S: Final = 30
"""A worker drains, closes its store and ends: it takes its time (`DRAIN_S`) and a little more, or is killed."""


@dataclass(slots=True)
class _Watch:
    """What is known of one process. `silent`, `ended`: for how many rounds."""

    started: bool = False
    asked: bool = False
    silent: int = 0
    ended: int = 0


class WorkerProcess(Process):
    """uvicorn's, with our server in it."""

    @property
    def server(self) -> uvicorn.Server:
        """Made in the worker, where it is first asked for."""
        if self._server is None:
            self._server = WorkerServer(self.config)
        return self._server


class Supervisor(Multiprocess):
    """`failed` after `run`: no worker could start."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], log: Log) -> None:
        super().__init__(config, sockets)
        self.failed = False
        self._log = log
        self._watches: dict[Process, _Watch] = {}
        self._served = False

    def init_processes(self) -> None:
        """Start them all."""
        self.processes = [self._start() for _ in range(self.processes_num)]

    def keep_subprocess_alive(self) -> None:
        """One round. Never waits for a worker: signals are heard between two rounds."""
        if self.should_exit.is_set():
            return
        self._watches = {process: self._watches.get(process, _Watch()) for process in self.processes}
        for place, (process, watch) in enumerate(self._watches.items()):
            if process.process.is_alive():
                self._hear(process, watch)
            if process.process.is_alive() and watch.silent > (SILENT_ROUNDS if watch.started else STARTING_ROUNDS):
                self._log.error("worker_hangs", pid=process.pid)
                process.process.kill()
                process.process.join()
            if not process.process.is_alive():
                self._replace(place, process, watch)

    def handle_hup(self) -> None:
        """The terminal is gone: for several processes, as for one, that is the end."""
        self.should_exit.set()

    def handle_ttin(self) -> None:
        """How many workers there are is a setting, and no signal's business."""

    handle_ttou = handle_ttin

    def join_all(self) -> None:
        """Wait for the workers, and not for ever: one that hangs would keep the server from ending."""
        patience = ENDS_WITHIN_S
        for process in self.processes:
            process.process.join(patience)
            if process.process.is_alive():
                patience = 0  # they were told together: the others have had as long
                self._log.error("worker_hangs", pid=process.pid)
                process.process.kill()
                process.process.join()

    def _hear(self, process: Process, watch: _Watch) -> None:
        """Ask whether it serves, and listen without waiting. A thread of the worker answers, however busy it is."""
        watch.silent += 1
        with suppress(OSError, EOFError):
            while process.parent_conn.poll():
                watch.started = bool(process.parent_conn.recv()) or watch.started
                watch.asked, watch.silent = False, 0
            if not watch.asked:
                process.parent_conn.send(b"ping")
                watch.asked = True
        self._served = self._served or watch.started

    def _replace(self, place: int, process: Process, watch: _Watch) -> None:
        if not watch.ended:
            self._log.error("worker_ended", pid=process.pid, exit_code=process.exitcode)
        if not self._served and (process.exitcode or 0) > 0:
            # Nobody has served yet, and it ended by itself: the next one would fare no better.
            self.failed = True
            self.should_exit.set()
            return
        watch.ended += 1
        if watch.started or watch.ended >= REST_ROUNDS:
            process.kill()  # closes its pipes
            self.processes[place] = self._start()

    def _start(self) -> Process:
        process = WorkerProcess(self.config, self.sockets)
        process.start()
        return process
