"""One measure after another: `python -m bench.scale load sqlite 10000`. See README.md."""

import argparse
import json
import signal
import sys
from collections.abc import Iterable
from typing import Any

from bench.scale.loading import load
from bench.scale.place import KINDS, ROOT, Place
from bench.scale.reaping import reaping
from bench.scale.renewing import renewals
from bench.scale.revoking import of_a_client, of_subjects
from bench.scale.sizes import sizes
from bench.scale.storm import refreshes
from bench.scale.table import markdown


def main() -> None:
    """Prints JSON, a line per result, and adds it to results.jsonl beside the databases."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "measure", choices=["load", "sizes", "refresh", "renew", "end-subjects", "end-client", "reap", "table"]
    )
    options.add_argument("kind", choices=KINDS, nargs="?", default="sqlite")
    options.add_argument("grants", type=int, nargs="?", default=10_000)
    options.add_argument("--count", type=int, default=1_000_000, help="renewals to make, or grants that are over")
    asked = options.parse_args()
    if asked.measure == "table":
        print(markdown(ROOT / "results.jsonl"))
        return
    # Ended early, it still ends the server that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    place = Place(asked.kind, asked.grants)
    found: Iterable[dict[str, Any]]
    match asked.measure:
        case "load":
            found = [load(place)]
        case "sizes":
            found = [sizes(place)]
        case "refresh":
            found = refreshes(place)
        case "renew":
            found = renewals(place, asked.count)
        case "end-subjects":
            found = of_subjects(place)
        case "end-client":
            found = of_a_client(place)
        case _:
            found = reaping(place, asked.count)
    with (ROOT / "results.jsonl").open("a") as results:
        for one in found:
            line = json.dumps({"measure": asked.measure, "kind": asked.kind} | one)
            print(line, flush=True)
            results.write(line + "\n")


if __name__ == "__main__":
    main()
