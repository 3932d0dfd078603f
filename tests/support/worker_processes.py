"""The worker processes of a running `evergrant serve --workers`, and what all of them have counted."""

import json
import os
import signal
from pathlib import Path
from urllib.request import Request, urlopen

from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.parser import text_string_to_metric_families

from tests.support.pids import about, is_running
from tests.support.server import Server
from tests.support.waiting import until


def workers_of(server: Server) -> list[int]:
    """The process ids of its workers, oldest first. Empty: it serves alone."""
    assert server.process is not None
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    # Python's own tracker of shared resources is a child as well.
    return sorted(int(child) for child in children if "spawn_main" in about(int(child), "cmdline"))


def listening(server: Server) -> int:
    """How many sockets listen on its port at 127.0.0.1: each worker that serves has one."""
    wanted = f"0100007F:{server.port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(address == wanted and state == "0A" for _, address, _, state, *_ in lines)


def kill(pid: int) -> None:
    """End it as a crash does, and wait until it is gone."""
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_running(pid), what=f"process {pid} is gone")


def figures(server: Server) -> dict[str, float]:
    """All samples of `/metrics` by name and labels, asked on a new connection: whichever worker takes it."""
    request = Request(f"http://127.0.0.1:{server.port}/metrics")
    with urlopen(request, timeout=20) as answer:
        text = answer.read().decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    named = [f"{one.name}{json.dumps(one.labels, sort_keys=True)}" for one in samples]
    assert len(set(named)) == len(named), "a sample is told twice"
    return dict(zip(named, (one.value for one in samples), strict=True))


def total(told: dict[str, float], name: str, **labels: str) -> float:
    """The sum of a metric's samples that have these labels."""
    wanted = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in labels.items()]
    return sum(
        value
        for sample, value in told.items()
        if sample.partition("{")[0] == name and all(label in sample for label in wanted)
    )


def metrics_folders(server: Server) -> list[Path]:
    """Where its workers count; none if it serves alone."""
    return sorted(server.data_dir.glob("metrics-*"))


def renewals_by_worker(server: Server) -> list[float]:
    """How many renewals each of them has decided."""
    (folder,) = metrics_folders(server)
    told = []
    for file in sorted(folder.glob("counter_*.db")):
        counted = MmapedDict.read_all_values_from_file(str(file))  # type: ignore[no-untyped-call]  # it has no types
        told.append(sum(value for key, value, *_ in counted if '"decision": "renew"' in key))
    return told
