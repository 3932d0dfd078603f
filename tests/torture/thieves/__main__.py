"""Thefts by the ten thousand: `python -m tests.torture.thieves [--seed N] [--thefts N] [--write]`.

Prints the tables; with `--write` they and the drawings go into docs.
"""

import argparse
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from tests.torture.thieves.drawing import drawings
from tests.torture.thieves.figures import Campaign, Sizes
from tests.torture.thieves.tables import tables

DOCS: Final = Path(__file__).resolve().parents[3] / "docs"
PAGE: Final = DOCS / "explanation" / "thieves.md"


def main(arguments: list[str]) -> int:
    """Take the figures and show them."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.thieves", description=__doc__)
    parser.add_argument("--seed", default="1", help="the same seed gives the same figures")
    parser.add_argument("--thefts", type=int, default=10_000, help="of each kind")
    parser.add_argument("--write", action="store_true", help="write docs/explanation/thieves.md and its drawings")
    asked = parser.parse_args(arguments)
    sizes = Sizes(asked.thefts, max(1, asked.thefts // 10), max(16, asked.thefts // 5))
    with ProcessPoolExecutor() as pool:
        figures = Campaign(pool, asked.seed, lambda said: print(said, file=sys.stderr)).take(sizes)  # noqa: T201  # a program tells how far it is
    made = tables(figures)
    if not asked.write:
        print("\n\n".join(f"{name}\n\n{table}" for name, table in made.items()))  # noqa: T201  # that is its answer
        return 0
    text = PAGE.read_text(encoding="utf-8")
    for name, table in made.items():
        text = between_marks(text, name, table)
    PAGE.write_text(text, encoding="utf-8")
    for name, drawing in drawings(figures).items():
        (DOCS / "images" / name).write_text(drawing, encoding="utf-8")
    return 0


def between_marks(text: str, name: str, content: str) -> str:
    """The text with `content` between `<!-- name: by python -m tests.torture.thieves -->` and `<!-- name: end -->`."""
    first, last = f"<!-- {name}: by python -m tests.torture.thieves -->", f"<!-- {name}: end -->"
    pattern = re.compile(f"{re.escape(first)}.*?{re.escape(last)}", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise LookupError(f"the marks of {name} are missing")
    return pattern.sub(lambda _: f"{first}\n{content}\n{last}", text)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
