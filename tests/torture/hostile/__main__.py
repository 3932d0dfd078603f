"""`python -m tests.torture.hostile --requests 100000 --seed 7`: the long form, on a server of its own."""

import argparse
import sys

from tests.torture.hostile.campaign import Campaign, Figures
from tests.torture.hostile.own_server import own_server

_SHOWN = 20


def main() -> int:
    """1 if something was violated."""
    wanted = argparse.ArgumentParser(prog="python -m tests.torture.hostile", description=__doc__)
    wanted.add_argument("--requests", type=int, default=100_000)
    wanted.add_argument("--seed", type=int, default=7)
    asked = wanted.parse_args()
    with own_server() as server:
        campaign = Campaign(server, asked.seed)
        figures = campaign.fire_every_framing()
        figures = campaign.fire(asked.requests)
        campaign.close()
    _tell(figures)
    return 1 if figures.violations else 0


def _tell(figures: Figures) -> None:
    sent = figures.shots + figures.volleys
    begun = f"seed {figures.seed}: {figures.shots} requests and {figures.volleys} broken framings"
    lines = [
        f"{begun} in {figures.seconds:.0f} s",
        f"statuses {dict(sorted(figures.statuses.items()))}",
        f"doors {dict(sorted(figures.doors.items()))}",
        f"{figures.successes} did something; {figures.hung_up} were hung up on",
        f"slowest answer {figures.slowest_s * 1000:.0f} ms",
        f"memory {figures.rss_before / 2**20:.0f} MiB before, {figures.rss_after / 2**20:.0f} MiB after",
        f"{len(figures.violations)} violations; rule of three: if none, below {3 / sent:.1e} a request",
    ]
    for violation in figures.violations[:_SHOWN]:
        lines += [f"  {violation.what}", f"    {violation.note}", f"    {violation.octets[:600]!r}"]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
