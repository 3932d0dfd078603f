"""Refreshes against a real server by wrk, with what they cost and how long they took."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from bench.scale.objects import AGENT, tokens
from bench.scale.place import Place, postmaster

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Server:
    """A running `evergrant serve`."""

    place: Place
    process: subprocess.Popen[bytes]
    url: str


@contextmanager
def serving(place: Place) -> Iterator[Server]:
    """A server on `place`, everything on; its log goes nowhere."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "EVERGRANT_DATA_DIR": str(place.data),
        "EVERGRANT_DATABASE__URL": place.url,
        "EVERGRANT_LOG__FORMAT": "json",
    }
    command = [sys.executable, "-m", "evergrant", "serve", "--port", str(port)]
    errors = (place.data / "server.log").open("wb")
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=errors)
    try:
        url = f"http://localhost:{port}"
        _wait_until_ready(process, url)
        yield Server(place, process, url)
    finally:
        process.terminate()
        process.wait(30)
        errors.close()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(f"{url}/readyz").status_code == 200:
                return
        except httpx2.HTTPError:
            time.sleep(0.05)
    raise SystemExit("the server did not get ready")


def storm(server: Server, *, connections: int, seconds: float, lines: list[str]) -> dict[str, Any]:
    """One run of wrk over the tokens in `lines`; µs of CPU per refresh, calibrated by a signing loop after it."""
    threads = min(2, connections)
    chains = server.place.data / "chains.txt"
    chains.write_text("".join(f"{line}\n" for line in lines))
    chains.chmod(0o600)
    environment = {
        **os.environ,
        "EVERGRANT_CHAINS": str(chains),
        "EVERGRANT_THREADS": str(threads),
        "EVERGRANT_AGENT": AGENT,
    }
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "120s"]
    command += ["-s", str(HERE / "pool.lua"), server.url]
    watched = [psutil.Process(server.process.pid)]
    store = [] if server.place.kind == "sqlite" else [psutil.Process(postmaster())]
    before = _cpu(watched), _cpu(store)
    wrk = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    after = _cpu(watched), _cpu(store)
    results = [line for line in wrk.stdout.splitlines() if line.startswith("RESULT ")]
    if not results:
        raise SystemExit(f"wrk told nothing:\n{wrk.stdout}{wrk.stderr}")
    found = json.loads(results[0].removeprefix("RESULT "))
    renewed = max(1, found["renewed"])
    return {
        "connections": connections,
        "tokens": len(lines),
        "renewed": found["renewed"],
        "refreshes_per_s": round(renewed / (found["us"] / 1e6)),
        "server_us": round((after[0] - before[0]) * 1e6 / renewed, 1),
        "store_us": round((after[1] - before[1]) * 1e6 / renewed, 1),
        "p50_ms": found["p50"] / 1000,
        "p99_ms": found["p99"] / 1000,
        "max_ms": found["max"] / 1000,
        "unavailable": found["unavailable"],
        "refused": found["refused"] + found["failed"],
        "signature_us": signature(),
    }


def signature(rounds: int = 3000) -> float:
    """µs of CPU of one raw ES256 signature, now: the yardstick of a run."""
    key, algorithm = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(SHA256())
    since = time.process_time()
    for _ in range(rounds):
        key.sign(b"x" * 300, algorithm)
    return round((time.process_time() - since) * 1e6 / rounds, 1)


def _cpu(watched: list[psutil.Process]) -> float:
    """Seconds of CPU so far, children included, those too that ended."""

    def total(process: psutil.Process) -> float:
        times = process.cpu_times()
        own = times.user + times.system + times.children_user + times.children_system
        return own + sum(sum(child.cpu_times()[:2]) for child in process.children(recursive=True))

    return sum(map(total, watched))


def refreshes(place: Place) -> list[dict[str, Any]]:
    """Cold (each grant for the first time, nothing cached), warm at 64 connections, and one connection alone."""
    found = []
    lines = tokens(place, 10_000)
    place.forget_pages()
    with serving(place) as server:
        cold = storm(server, connections=64, seconds=3, lines=lines)
        found.append({"what": "cold", **cold})
        for name, connections, seconds in (("warm", 64, 8), ("alone", 1, 4)):
            lines = tokens(place, 1_000)
            found.append({"what": name, **storm(server, connections=connections, seconds=seconds, lines=lines)})
    return [{"kind": place.kind, "grants": place.grants, **one} for one in found]


class Sizes(threading.Thread):
    """The length of SQLite's write-ahead log, every fifth of a second until told to end."""

    def __init__(self, place: Place) -> None:
        super().__init__(daemon=True)
        self._file = place.file.with_name(place.file.name + "-wal")
        self._ended = threading.Event()
        self.bytes: list[int] = []

    def run(self) -> None:
        while not self._ended.wait(0.2):
            self.bytes.append(self._file.stat().st_size if self._file.exists() else 0)

    def end(self) -> list[int]:
        self._ended.set()
        self.join()
        return self.bytes
