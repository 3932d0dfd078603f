"""`make fuzz`: the readers under a fuzzer that follows their branches (Atheris, ADR 0025), one process each.

python -m tests.torture.hostile.fuzzing [--seconds 60] [--only NAME]
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from time import perf_counter

from tests.torture.hostile.corpus import FOLDER

_STALLED_S = 10
_MEMORY_MIB = 1_024
_LONGEST = 4_096
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
_NAMES = sorted(path.name for path in FOLDER.iterdir())


def main() -> int:
    """1 if a reader did what it must not."""
    wanted = argparse.ArgumentParser(prog="python -m tests.torture.hostile.fuzzing", description=__doc__)
    wanted.add_argument("--seconds", type=int, default=60, help="for each reader")
    wanted.add_argument("--only", choices=_NAMES)
    wanted.add_argument("--seed", type=int, default=7)
    wanted.add_argument("--inside", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    asked = wanted.parse_args()
    if asked.inside:
        _fuzz(asked.only, asked.inside)
    found = {name: _apart(name, asked.seconds, asked.seed) for name in ([asked.only] if asked.only else _NAMES)}
    return _tell(found)


def _apart(name: str, seconds: int, seed: int) -> tuple[int, float, str]:
    """How many inputs one reader was given, in which time, and what it did wrong (or nothing)."""
    began = perf_counter()
    with tempfile.TemporaryDirectory(prefix="evergrant-fuzz-") as folder:
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "tests.torture.hostile.fuzzing", "--only", name, "--inside"),
                *(folder, str(FOLDER / name), f"-max_total_time={seconds}", f"-max_len={_LONGEST}", f"-seed={seed}"),
                *(f"-timeout={_STALLED_S}", f"-rss_limit_mb={_MEMORY_MIB}", f"-artifact_prefix={folder}/"),
                *("-print_final_stats=1", "-verbosity=0"),
            ],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    count = _EXECUTED.search(ended.stderr)
    told = "\n".join(line for line in ended.stderr.splitlines() if not line.startswith(("INFO", "WARNING", "stat::")))
    wrong = "" if ended.returncode == 0 else f"{ended.stdout}\n{told}"[-4_000:]
    return int(count[1]) if count else 0, perf_counter() - began, wrong


def _fuzz(name: str, arguments: list[str]) -> None:
    """In a process of its own: the fuzzer ends it."""
    import atheris  # type: ignore[import-untyped]  # and it is installed for `make fuzz` only

    with atheris.instrument_imports(include=["evergrant"]):
        from tests.torture.hostile.properties import PROPERTIES
    atheris.Setup([sys.argv[0], *arguments], PROPERTIES[name])
    atheris.Fuzz()


def _tell(found: Mapping[str, tuple[int, float, str]]) -> int:
    lines = [f"{name:16} {count:>12,} inputs in {seconds:6.0f} s" for name, (count, seconds, _) in found.items()]
    lines.append(f"{'all':16} {sum(count for count, _, _ in found.values()):>12,}")
    lines += [f"\n{name}:\n{wrong}" for name, (_, _, wrong) in found.items() if wrong]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if any(wrong for _, _, wrong in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
