"""How many cores this process may use: what the machine has, less what affinity and its control group take away."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_GROUPS: Final = Path("/sys/fs/cgroup")
_OURS: Final = Path("/proc/self/cgroup")


def cores(groups: Path = _GROUPS, ours: Path = _OURS) -> int:
    """At least one. `groups`, `ours`: where the system tells of control groups (version 2)."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux has it
    usable = (os.cpu_count() or 1) if affinity is None else len(affinity(0))
    return max(1, min(usable, *_quotas(groups, ours)))


def _quotas(groups: Path, ours: Path) -> list[int]:
    """Cores that our group and those above it may use. A container with two of 64 cores sees all 64 otherwise."""
    quotas = [1 << 16]
    with suppress(OSError):
        lines = ours.read_text(encoding="utf-8").splitlines()
        own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
        for group in (groups / own, *(groups / own).parents):
            with suppress(OSError, ValueError):
                quota, period = (group / "cpu.max").read_text(encoding="utf-8").split()
                if quota != "max":
                    quotas.append(math.ceil(int(quota) / int(period)))
            if group == groups:
                break
    return quotas
