"""µs of CPU per refresh: a real server as a process of its own, chains of refreshes driven by wrk, CPU by the kernel.

    .venv/bin/python bench/refresh.py --connections 1 16 64 --seconds 8 [--database postgresql+psycopg://…]

CPU is user + system time of the server process (and, where a PID file is given, of PostgreSQL's processes) between two
readings, divided by the refreshes that wrk counted as answered with a new token. Loopback only; it stops by itself.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2
import psutil

HERE = Path(__file__).parent


def main() -> None:
    """Prints one JSON line per number of connections."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--connections", type=int, nargs="+", default=[1, 16, 64])
    options.add_argument("--seconds", type=int, default=8)
    options.add_argument("--database", default=None, help="a PostgreSQL URL; SQLite in a temporary folder without it")
    options.add_argument("--postgres-pid", type=int, default=None, help="PostgreSQL's main process, to add its CPU")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server, url, data = start(Path(folder), asked.database)
        try:
            for connections in asked.connections:
                print(json.dumps(measure(server, url, data, connections, asked)), flush=True)
        finally:
            server.terminate()
            server.wait(15)


def start(folder: Path, database: str | None) -> tuple[subprocess.Popen[bytes], str, Path]:
    """A fresh server in development mode; returns when it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    environment = {**os.environ, "EVERGRANT_DATA_DIR": str(data), "EVERGRANT_LOG__LEVEL": "warning"}
    if database is not None:
        environment["EVERGRANT_DATABASE__URL"] = database
    command = [sys.executable, "-m", "evergrant", "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://localhost:{port}"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if httpx2.get(f"{url}/readyz").status_code == 200:
                return server, url, data
        except httpx2.HTTPError:
            time.sleep(0.05)
    raise SystemExit("the server did not get ready within 30 s")


def measure(
    server: subprocess.Popen[bytes], url: str, data: Path, connections: int, asked: argparse.Namespace
) -> dict[str, object]:
    """One run of wrk with one chain per connection."""
    chains = data / "chains.txt"
    chains.write_text("".join(f"{line}\n" for line in sign_in(url, data, connections)))
    chains.chmod(0o600)
    watched = [psutil.Process(server.pid)]
    before = cpu(watched, asked.postgres_pid)
    command = [
        "wrk",
        f"-t{connections}",
        f"-c{connections}",
        f"-d{asked.seconds}s",
        "-s",
        str(HERE / "refresh.lua"),
        url,
    ]
    wrk = subprocess.run(
        command, env={**os.environ, "EVERGRANT_CHAINS": str(chains)}, capture_output=True, text=True, check=True
    )
    after = cpu(watched, asked.postgres_pid)
    line = next(line for line in wrk.stdout.splitlines() if line.startswith("RESULT "))
    found = json.loads(line.removeprefix("RESULT "))
    renewed = max(1, found["renewed"])
    return {
        "connections": connections,
        "refreshes_per_s": round(renewed / (found["microseconds"] / 1e6)),
        "server_cpu_us": round((after[0] - before[0]) * 1e6 / renewed, 1),
        "database_cpu_us": round((after[1] - before[1]) * 1e6 / renewed, 1),
        "p50_ms": found["p50_us"] / 1000,
        "p99_ms": found["p99_us"] / 1000,
        "refused": found["refused"],
    }


def sign_in(url: str, data: Path, chains: int) -> list[str]:
    """One refresh token per chain, each of a grant of its own, with the rest of the form."""
    demo = json.loads((data / "demo.json").read_text())
    client, user = demo["clients"]["demo-legacy"], demo["user"]
    rest = f"client_id={client['client_id']}&client_secret={client['client_secret']}"
    lines = []
    for _ in range(chains):
        answer = httpx2.post(f"{url}/token", data={"grant_type": "password", **user, **client}).json()
        lines.append(f"{answer['refresh_token']} {rest}")
    return lines


def cpu(watched: list[psutil.Process], postgres: int | None) -> tuple[float, float]:
    """Seconds of CPU so far: the server and its children; PostgreSQL and its children, ended ones included."""

    def total(process: psutil.Process) -> float:
        times = process.cpu_times()
        children = sum(sum(child.cpu_times()[:2]) for child in process.children(recursive=True))
        return times.user + times.system + times.children_user + times.children_system + children

    return sum(map(total, watched)), 0.0 if postgres is None else total(psutil.Process(postgres))


if __name__ == "__main__":
    main()
