"""CPU time of processes, as Linux counts it in /proc. Children are counted too, also those that have ended."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class _Stat:
    """Of proc_pid_stat(5): the command's name, the parent, and user + system time, its own and of ended children."""

    name: str
    parent: int
    seconds: float


def is_readable() -> bool:
    """Whether this system has what we read."""
    return (_PROC / "self" / "stat").exists()


def seconds(roots: Iterable[int]) -> float:
    """CPU seconds so far of these processes and all that descend from them. An ended process counts nothing itself."""
    stats = dict(_all())
    return sum(stats[pid].seconds for pid in _families(stats, roots))


def families(roots: Iterable[int]) -> frozenset[int]:
    """These processes, and all that descend from them."""
    return _families(dict(_all()), roots)


def postmasters() -> list[int]:
    """The main processes of the PostgreSQL servers on this machine."""
    stats = dict(_all())
    named = {pid for pid, stat in stats.items() if stat.name in ("postgres", "postmaster")}
    return sorted(pid for pid in named if stats[pid].parent not in named)


def listeners(port: int) -> frozenset[int]:
    """The processes that listen on this TCP port, as far as we may see: our own, or everybody's for root.

    Without those that descend from another of them: a server's workers share its socket.
    """
    sockets = {f"socket:[{inode}]" for inode, state, local, _ in _connections() if state == "0A" and local == port}
    holding = {pid for pid, links in _open_files() if sockets & links}
    stats = dict(_all())
    return frozenset(pid for pid in holding if not any(pid in _families(stats, [other]) - {other} for other in holding))


def talks_to(pids: Iterable[int], *, but_not_from: int) -> frozenset[int]:
    """The TCP ports these processes are connected to, from another port of theirs than `but_not_from`."""
    held = {link for _, links in _open_files(pids) for link in links}
    return frozenset(
        far
        for inode, state, near, far in _connections()
        if state == "01" and near != but_not_from and f"socket:[{inode}]" in held
    )


def _families(stats: dict[int, _Stat], roots: Iterable[int]) -> frozenset[int]:
    found = {pid for pid in roots if pid in stats}
    while True:
        grown = found | {pid for pid, stat in stats.items() if stat.parent in found}
        if grown == found:
            return frozenset(found)
        found = grown


def _all() -> Iterator[tuple[int, _Stat]]:
    for folder in _PROC.glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text(errors="replace")
        except OSError:
            continue  # ended just now
        # The name is in parentheses and may hold some itself.
        name, _, rest = text.partition("(")[2].rpartition(")")
        fields = rest.split()
        yield int(folder.name), _Stat(name, int(fields[1]), sum(map(int, fields[11:15])) * _TICK_S)


def _connections() -> Iterator[tuple[str, str, int, int]]:
    """Inode, state, own port and the other's, of every TCP socket: proc_net(5)."""
    for table in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            yield fields[9], fields[3], int(fields[1].rpartition(":")[2], 16), int(fields[2].rpartition(":")[2], 16)


def _open_files(pids: Iterable[int] | None = None) -> Iterator[tuple[int, frozenset[str]]]:
    folders = _PROC.glob("[0-9]*/fd") if pids is None else (_PROC / str(pid) / "fd" for pid in pids)
    for folder in folders:
        links = set()
        try:
            for link in folder.iterdir():
                links.add(str(link.readlink()))
        except OSError:
            pass  # another user's, or ended: what we saw is what there is
        yield int(folder.parent.name), frozenset(links)
