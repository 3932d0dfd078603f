"""Writes docs/reference and examples from the code, and the generated parts of docs/explanation: `make docs`.

With `--check` nothing is written; the exit code is 1 if a page differs from what the code says.
"""

import re
import sys
from pathlib import Path
from typing import Final

from documents.cli import cli_page
from documents.diagram import diagram
from documents.endpoints import endpoints_page
from documents.errors import errors_page
from documents.events import events_page
from documents.judging import judging_page, judging_table
from documents.libraries import client_page, resource_page
from documents.metrics import metrics_page
from documents.policies import policies_page
from documents.settings import settings_page
from documents.words import GENERATED

from evergrant.cli.quickstart.programs import PROGRAMS

ROOT: Final = Path(__file__).resolve().parents[1]
DOCS: Final = ROOT / "docs"
EXAMPLES: Final = ROOT / "examples"
PAGES: Final = (
    settings_page, policies_page, endpoints_page, errors_page, cli_page, events_page, metrics_page, judging_page,
    resource_page, client_page,
)  # fmt: skip
LIFE_CYCLE: Final = DOCS / "explanation" / "grant-life-cycle.md"


def written() -> dict[Path, str]:
    """Every generated file and what it has to say."""
    pages = [make() for make in PAGES]
    contents = {DOCS / "reference" / name: text for name, text in pages}
    contents[DOCS / "reference" / "README.md"] = _index(dict(pages))
    contents[DOCS / "explanation" / "grant-life-cycle.svg"] = diagram()
    contents[LIFE_CYCLE] = between_marks(LIFE_CYCLE.read_text(encoding="utf-8"), "judging table", judging_table())
    contents |= {EXAMPLES / program.file: program.text for program in PROGRAMS.values()}
    return contents


def between_marks(text: str, name: str, content: str) -> str:
    """The text with `content` between the marks `<!-- name: from the code -->` and `<!-- name: end -->`."""
    first, last = f"<!-- {name}: from the code -->", f"<!-- {name}: end -->"
    pattern = re.compile(f"{re.escape(first)}.*?{re.escape(last)}", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise LookupError(f"the marks of {name} are missing")
    return pattern.sub(lambda _: f"{first}\n{content}\n{last}", text)


def _index(pages: dict[str, str]) -> str:
    lines = [f"- [{text.splitlines()[0].removeprefix('# ')}]({name})" for name, text in pages.items()]
    return "\n\n".join(["# Reference", GENERATED, "\n".join(lines)]) + "\n"


def main(arguments: list[str]) -> int:
    """Write what differs, or name it."""
    check = arguments == ["--check"]
    if arguments and not check:
        print(__doc__, file=sys.stderr)
        return 2
    differing = {path: text for path, text in written().items() if not path.exists() or path.read_text() != text}
    for path, text in differing.items():
        name = path.relative_to(ROOT)
        if check:
            print(f"{name} is not what the code says: run `make docs`.")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    return 1 if check and differing else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
