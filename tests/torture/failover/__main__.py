"""`python -m tests.torture.failover [--seconds N] [--seed N]`: exit code 1 if anything was found."""

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tests.torture.failover.campaign import run, table, verdict_of


def main() -> int:
    """Run, tell, and keep the evidence of what was found."""
    arguments = argparse.ArgumentParser(prog="python -m tests.torture.failover", description=__doc__)
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    given = arguments.parse_args()
    out, folder = Console(width=180), Path(tempfile.mkdtemp(prefix="failover-"))
    out.print(f"seed {given.seed}")
    rounds = run(given.seconds, given.seed, folder)
    verdict = verdict_of(rounds)
    out.print(table(rounds))
    for finding in verdict.findings:
        out.print(f"{finding.invariant} {finding.grant or ''}: {finding.words}", markup=False)
    if verdict.findings:
        out.print(f"The evidence is in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
